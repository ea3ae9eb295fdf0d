"""Spread, commission, impact and financing in bps; positive is paid.

The same model is taken off a label, asked by the gate and charged by the back-test,
so that no step believes in cheaper trades than another.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from difflib import get_close_matches
from math import isfinite, sqrt
from typing import overload

import numpy as np
from numpy.typing import NDArray

from tradeloop.clock import NS_PER_DAY
from tradeloop.errors import InputError

_YEAR_NS = 365 * NS_PER_DAY


@dataclass(frozen=True, slots=True)
class CostModel:
    """What one pays to trade and to hold, in bps of the traded value.

    All parameters are finite and not negative: none of them is ever earned.

    Parameters
    ----------
    half_spread_bps : float
        Half the quoted spread, paid by each taker.
    commission_bps : float
        Fees per side.
    impact_bps_per_sqrt_participation : float
        Impact of a trade that is the whole volume of its interval; a share ``q`` of
        the volume costs ``sqrt(q)`` of it.
    financing_bps_per_year : float
        Holding a position, long or short alike, for 365 days.

    Raises
    ------
    InputError
        A parameter is negative or not finite.

    References
    ----------
    Square-root impact: Almgren, Thum, Hauptmann and Li (2005), Risk 18(7).
    """

    half_spread_bps: float = 1.0
    commission_bps: float = 0.5
    impact_bps_per_sqrt_participation: float = 0.0
    financing_bps_per_year: float = 0.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not isfinite(value) or value < 0:
                raise InputError(
                    f"CostModel.{name} must be a number of at least 0 bps, was "
                    f"{value!r}.",
                    way_out="Costs are what is paid: give a positive number, or 0.",
                    column=name,
                )

    def trade_cost_bps(self, participation: float = 0.0) -> float:
        """Cost of one side: ``half spread + commission + impact * sqrt(q)``.

        Parameters
        ----------
        participation : float
            ``q``: traded quantity as a share of the volume of its interval, at least
            0; 0 leaves the impact out.

        Returns
        -------
        float
            bps of the traded value, positive is paid.

        Raises
        ------
        InputError
            The participation is negative or not finite.
        """
        if not (isfinite(participation) and participation >= 0):
            raise InputError(
                f"participation must be a share of at least 0, was {participation}.",
                way_out="Divide the traded quantity by the volume of its interval.",
                source="participation",
            )
        impact = self.impact_bps_per_sqrt_participation * sqrt(participation)
        return self.half_spread_bps + self.commission_bps + impact

    @overload
    def financing_bps(self, holding_ns: int) -> float: ...

    @overload
    def financing_bps(self, holding_ns: NDArray[np.int64]) -> NDArray[np.float64]: ...

    def financing_bps(
        self, holding_ns: int | NDArray[np.int64]
    ) -> float | NDArray[np.float64]:
        """Cost of holding: ``rate * holding / 365 days`` (actual/365 fixed).

        Parameters
        ----------
        holding_ns : int, or ndarray of shape (n,)
            How long the position is held, ns, at least 0; calendar time, so that a
            weekend costs two more days.

        Returns
        -------
        float, or ndarray of shape (n,)
            bps of the position, positive is paid.

        Raises
        ------
        InputError
            A holding time is negative.
        """
        if np.any(np.asarray(holding_ns) < 0):
            raise InputError(
                f"holding_ns must be at least 0, was {np.min(holding_ns)}.",
                way_out="Subtract the entry from the exit, both in ns UTC.",
                source="holding_ns",
            )
        return self.financing_bps_per_year * (holding_ns / _YEAR_NS)

    def round_trip_bps(
        self, participation: float = 0.0, *, holding_ns: int = 0
    ) -> float:
        """Cost of entry, exit and the time between them.

        Parameters
        ----------
        participation : float
            Of each side, as in `trade_cost_bps`.
        holding_ns : int
            Time between them, as in `financing_bps`.

        Returns
        -------
        float
            bps of the traded value, positive is paid.
        """
        held = self.financing_bps(holding_ns)
        return 2 * self.trade_cost_bps(participation) + held

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, float]) -> "CostModel":
        """Make a model from names and numbers; absent names keep their default.

        Raises
        ------
        InputError
            A name is unknown (the nearest known one is given), or a value is negative
            or no finite number.
        """
        known = [field.name for field in fields(cls)]
        for name in mapping:
            if name not in known:
                near = get_close_matches(str(name), known, n=1, cutoff=0.0)[0]
                raise InputError(
                    f"A cost model has no {name!r}; did you mean {near!r}?",
                    way_out=f"Known names are {', '.join(known)}.",
                    column=str(name),
                )
        return cls(**mapping)

    def as_mapping(self) -> dict[str, float]:
        """Names and numbers, as `from_mapping` takes them."""
        return {name: float(value) for name, value in asdict(self).items()}


ZERO = CostModel(half_spread_bps=0.0, commission_bps=0.0)
