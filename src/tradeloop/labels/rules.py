"""What labels are cut by: bounds of the classes, horizons, benchmark, costs, waits."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from difflib import get_close_matches
from math import isfinite
from typing import Any, Literal

import numpy as np

from tradeloop.clock import NS_PER_DAY
from tradeloop.costs import CostModel
from tradeloop.errors import InputError
from tradeloop.events import duration_text

EVERYTHING_NS = int(np.iinfo(np.int64).max)  # as of the end of time: all rows are known


BOUNDS = ("excellent_bps", "good_bps", "poor_bps", "bad_bps", "neutral_bps")
_WORDS = {"unit": ("bps", "volatility"), "graded": ("gross", "net")}
_LEAST_ROWS = 2  # a standard deviation of one return does not exist
_MOST_VOLATILITIES = 9  # no return is as far out: such a bound was meant in bps


def _check_number(name: str, value: object) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not isfinite(value):  # type: ignore[arg-type]  # it is a number
        raise InputError(
            f"OutcomeRule.{name} must be a finite number, was {value!r}.",
            way_out="Give a number, such as 10.",
            column=name,
        )


def _check_word(name: str, value: object) -> None:
    if value not in _WORDS[name]:
        raise InputError(
            f"OutcomeRule.{name} must be {' or '.join(_WORDS[name])}, was {value!r}.",
            way_out=f"Give one of the two, such as {_WORDS[name][0]}.",
            column=name,
        )


@dataclass(frozen=True, slots=True)
class OutcomeRule:
    """Bounds of the outcome classes, of the neutral band and of the barriers.

    EXCELLENT above ``excellent_bps``; GOOD above ``good_bps`` up to and with
    ``excellent_bps``; NEUTRAL from ``poor_bps`` to ``good_bps``, both included; POOR
    from ``bad_bps``, included, up to ``poor_bps``; BAD below ``bad_bps``.

    Parameters
    ----------
    excellent_bps, good_bps, poor_bps, bad_bps : float
        ``bad_bps < poor_bps < good_bps < excellent_bps``, all finite.
    neutral_bps : float
        Directions are 0 while the return is within this band, bounds included; at
        least 0.
    unit : {"bps", "volatility"}
        What the five numbers count: bps, or multiples of the volatility at the decision
        scaled to the horizon (`labels.volatility`), such as 1.0 and 0.5.
    graded : {"gross", "net"}
        Whether ``decision_outcome`` is the class of the outperformance before or after
        costs.
    profit_barrier, stop_barrier : float
        Distance of the two barriers from the price at the decision, for and against the
        side, in multiples of that volatility; above 0.
    volatility_rows : int
        Returns that the volatility is taken from, at least 2.

    Raises
    ------
    InputError
        A bound is not finite, they are not in this order, a word is unknown, or a
        multiple of volatility is so large that it must have been meant in bps.
    """

    excellent_bps: float = 20.0
    good_bps: float = 10.0
    poor_bps: float = -10.0
    bad_bps: float = -20.0
    neutral_bps: float = 10.0
    unit: Literal["bps", "volatility"] = "bps"
    graded: Literal["gross", "net"] = "gross"
    profit_barrier: float = 1.0
    stop_barrier: float = 1.0
    volatility_rows: int = 100

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            _check_word(name, value) if name in _WORDS else _check_number(name, value)
        self._check_bounds()
        self._check_volatility()

    def _check_bounds(self) -> None:
        bounds = (self.bad_bps, self.poor_bps, self.good_bps, self.excellent_bps)
        if not self.bad_bps < self.poor_bps < self.good_bps < self.excellent_bps:
            raise InputError(
                "The bounds must rise from bad_bps over poor_bps and good_bps to "
                f"excellent_bps, were {bounds}.",
                way_out="Losses are negative: bad_bps is -20 by default.",
            )
        if self.neutral_bps < 0:
            raise InputError(
                f"OutcomeRule.neutral_bps must be at least 0, was {self.neutral_bps}.",
                way_out="Give half the width of the band.",
                column="neutral_bps",
            )

    def _check_volatility(self) -> None:
        for name in ("profit_barrier", "stop_barrier"):
            if getattr(self, name) <= 0:
                raise InputError(
                    f"OutcomeRule.{name} must be above 0, was {getattr(self, name)}.",
                    way_out="Both are distances, in multiples of the volatility.",
                    column=name,
                )
        rows = self.volatility_rows
        if rows != int(rows) or rows < _LEAST_ROWS:
            raise InputError(
                "OutcomeRule.volatility_rows must be a whole number of at least "
                f"{_LEAST_ROWS}, was {rows}.",
                way_out="Give the number of returns, such as 100.",
                column="volatility_rows",
            )
        object.__setattr__(self, "volatility_rows", int(rows))
        for name in BOUNDS if self.unit == "volatility" else ():
            if abs(getattr(self, name)) > _MOST_VOLATILITIES:
                raise InputError(
                    f"OutcomeRule.{name} must be at most {_MOST_VOLATILITIES} times "
                    f"the volatility, was {getattr(self, name)}.",
                    way_out="With the unit volatility all five bounds are multiples of "
                    "it, such as 1.0 and 0.5.",
                    column=name,
                )

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> "OutcomeRule":
        """Make a rule from names and values; absent names keep their default.

        Raises
        ------
        InputError
            A name is unknown (the nearest known one is given) or a bound is refused.
        """
        known = [part.name for part in fields(cls)]
        for name in mapping:
            if name not in known:
                near = get_close_matches(str(name), known, n=1, cutoff=0.0)[0]
                raise InputError(
                    f"An outcome rule has no {name!r}; did you mean {near!r}?",
                    way_out=f"Known names are {', '.join(known)}.",
                    column=str(name),
                )
        return cls(**mapping)

    def as_mapping(self) -> dict[str, float | str]:
        """Names, numbers and words, as `from_mapping` takes them."""
        return {
            name: value if isinstance(value, str) else float(value)
            for name, value in asdict(self).items()
        }


@dataclass(frozen=True, slots=True)
class LabelPlan:
    """All that a label depends on, other than decisions and prices.

    Parameters
    ----------
    horizons_ns : sequence of int
        Time from the decision to each due time, above 0, all different; the first one
        is the primary horizon, which decides class and state.
    benchmark : str or None
        Instrument whose return is taken off; None is cash, whose return is 0.
    rule : OutcomeRule
        Bounds of the classes.
    costs : CostModel
        What is taken off for the net figures.
    wait_ns : int
        Longest gap around the due time, at least 0.
    as_of_ns : int or None
        Only what was received by then is known; None knows all rows.

    Raises
    ------
    InputError
        There is no horizon, one is not above 0 or comes twice, or the wait is negative.
    """

    horizons_ns: Sequence[int]
    benchmark: str | None = None
    rule: OutcomeRule = field(default_factory=OutcomeRule)
    costs: CostModel = field(default_factory=CostModel)
    wait_ns: int = 5 * NS_PER_DAY
    as_of_ns: int | None = None

    def __post_init__(self) -> None:
        horizons = tuple(int(h) for h in self.horizons_ns)
        object.__setattr__(self, "horizons_ns", horizons)
        if not horizons or min(horizons) <= 0 or len(set(horizons)) < len(horizons):
            raise InputError(
                f"horizons_ns must be different numbers above 0, were {horizons}.",
                way_out="Give at least one horizon, such as 300000000000 for 5m.",
                source="horizons_ns",
            )
        if self.wait_ns < 0:
            raise InputError(
                f"wait_ns must be at least 0, was {self.wait_ns}.",
                way_out="Give the longest gap in ns that a price may be waited for.",
                source="wait_ns",
            )

    @property
    def known_until_ns(self) -> int:
        """``as_of_ns``, or the end of time."""
        return EVERYTHING_NS if self.as_of_ns is None else self.as_of_ns

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Text of each horizon, such as ``5d``: the ends of the column names."""
        return tuple(duration_text(horizon) for horizon in self.horizons_ns)
