"""What a model says to do about one symbol, until when, and why."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from tradeloop.errors import InputError
from tradeloop.events import SignalType
from tradeloop.models.base import Floats

TYPES = {1: SignalType.BUY, -1: SignalType.SELL, 0: SignalType.HOLD}
"""What each side says to do."""


class SignalStatus(StrEnum):
    """Where a signal stands."""

    ACTIVE = "active"
    ABSTAINED = "abstained"
    EXPIRED = "expired"
    EXECUTED = "executed"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"


NEXT: dict[SignalStatus, frozenset[SignalStatus]] = {
    status: frozenset() for status in SignalStatus
} | {SignalStatus.ACTIVE: frozenset(SignalStatus) - {"active", "abstained"}}
"""What may become of each status: only an active signal goes on, and only once."""


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """The values that a signal was made from, by name.

    Parameters
    ----------
    names : tuple of str
        Names of the columns.
    content : bytes
        Their values as float64 in the machine's order, NaN for missing.
    """

    names: tuple[str, ...]
    content: bytes

    @classmethod
    def of(cls, names: tuple[str, ...], values: ArrayLike) -> Self:
        """Keep a row of shape (n_columns,).

        Raises
        ------
        InputError
            Another number of values than of names.
        """
        row = np.asarray(values, dtype=np.float64)
        if row.shape != (len(names),):
            raise InputError(
                f"A feature row needs {len(names)} values, had {row.shape}.",
                way_out="Pass one value for each name.",
            )
        return cls(names, row.tobytes())

    @property
    def values(self) -> Floats:
        """The values, of shape (n_columns,); read-only."""
        return np.frombuffer(self.content, dtype=np.float64)

    def as_mapping(self) -> dict[str, float | None]:
        """Return the values by name, as JSON can hold them: None for missing."""
        found = self.values.tolist()
        return {
            name: value if value - value == 0 else None
            for name, value in zip(self.names, found, strict=True)
        }


@dataclass(frozen=True, slots=True)
class Signal:
    """A signal. It never changes; what became of it is a new one of the same key.

    Parameters
    ----------
    symbol : str
        Instrument.
    signal_type : SignalType
        BUY, SELL or HOLD.
    side : int
        +1, -1 or 0, as ``signal_type`` says.
    confidence : float or None
        Calibrated probability of the direction ``side``; None if not scored.
    probabilities : tuple of float or None
        Of down, flat and up; None if not scored.
    horizon_ns : int
        How far ahead it looks.
    reasoning : str
        Why, in words.
    model_version : str
        Model and version.
    created_ns, expires_ns : int
        From when to when it holds, ns UTC; it has expired at ``expires_ns``.
    position_size : float
        Share of the capital, 0 for HOLD.
    decision_id : str
        Decision that it answers; empty if none.
    status : SignalStatus
        ACTIVE or ABSTAINED when it was made.
    abstain_reason : str
        Why it abstained; empty if active.
    interval : tuple of float or None
        Ends of the 95 % interval of the confidence, see
        `tradeloop.signals.uncertainty`; None if not scored.
    target_price, stop_loss : float or None
        Where the position is left, in the quote currency; None where not set.
    strategy, timeframe : str
        Which rule or timeframe it speaks for; empty where there is one only.
    features : FeatureRow or None
        What it was made from; None where the caller keeps it elsewhere.
    status_reason : str
        Why the status is what it became, such as who won a conflict.
    """

    symbol: str
    signal_type: SignalType
    side: int
    confidence: float | None
    probabilities: tuple[float, float, float] | None
    horizon_ns: int
    reasoning: str
    model_version: str
    created_ns: int
    expires_ns: int
    position_size: float
    decision_id: str
    status: SignalStatus
    abstain_reason: str
    interval: tuple[float, float] | None = None
    target_price: float | None = None
    stop_loss: float | None = None
    strategy: str = ""
    timeframe: str = ""
    features: FeatureRow | None = None
    status_reason: str = ""

    @property
    def key(self) -> str:
        """Its name: the same key is the same signal, whatever became of it."""
        spoken = [part for part in (self.strategy, self.timeframe) if part]
        told = (
            [self.decision_id]
            if self.decision_id
            else [
                self.symbol,
                str(self.created_ns),
            ]
        )
        return ":".join([self.model_version, *spoken, *told])

    def status_at(self, now_ns: int) -> SignalStatus:
        """Status at ``now_ns``: an active signal expires at ``expires_ns``."""
        over = self.status is SignalStatus.ACTIVE and now_ns >= self.expires_ns
        return SignalStatus.EXPIRED if over else self.status

    def becoming(self, status: SignalStatus, reason: str = "") -> Self:
        """Return what it becomes.

        Parameters
        ----------
        status : SignalStatus
            New status; an active signal may be executed, superseded, cancelled or
            expire, and nothing follows on that.
        reason : str
            Why.

        Raises
        ------
        InputError
            This status does not follow on that of the signal.
        """
        if status not in NEXT[self.status]:
            raise InputError(
                f"Signal {self.key} is {self.status}, it cannot become {status}.",
                way_out="Only an active signal can change, and once.",
                source="Signal.status",
            )
        return replace(self, status=status, status_reason=reason)

    def as_mapping(self) -> dict[str, Any]:
        """Return the fields by name as JSON can hold them, enumerations as text."""
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        found["signal_type"], found["status"] = str(self.signal_type), str(self.status)
        found["features"] = (
            None if self.features is None else self.features.as_mapping()
        )
        return found | {"key": self.key}


Spoke = Sequence[tuple[str, float]]
"""Columns with what each added to the lead of the chosen side."""
