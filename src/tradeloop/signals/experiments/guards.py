"""Guard metrics: what a challenger must not do worse than a limit, tested in sequence.

Each is a bounded number per observation, higher is worse, held by a test that is valid
at any stopping time (`tradeloop.statistics.BoundedMean`).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, Literal, Self, get_args

from tradeloop.errors import InputError
from tradeloop.signals.experiments.observation import Observation, Scored
from tradeloop.statistics import BoundedMean
from tradeloop.statistics.samples import between

Metric = Literal[
    "error_rate",
    "abstention_rate",
    "late_share",
    "log_loss_difference",
    "pnl_shortfall_bps",
]
_DIFFERENCES = ("log_loss_difference", "pnl_shortfall_bps")


@dataclass(frozen=True, slots=True)
class Guard:
    """One metric and its limit.

    Parameters
    ----------
    metric : str
        ``error_rate``, ``abstention_rate``: shares of the challenger's signals.
        ``late_share``: share later than ``cap`` microseconds; a limit of 0.01 is a p99
        budget. ``log_loss_difference``: challenger less champion, in nats.
        ``pnl_shortfall_bps``: champion less challenger, in bps.
    limit : float
        What its mean must not exceed; a share between 0 and 1.
    cap : float
        Latency budget in microseconds of ``late_share``. Of a difference, the largest
        size that one observation may count with: without a bound, one outlier could be
        any evidence. 1 for the other two.

    Raises
    ------
    InputError
        The metric is unknown or the limit out of range.
    """

    metric: Metric
    limit: float
    cap: float = 1.0

    def __post_init__(self) -> None:
        if self.metric not in get_args(Metric):
            raise InputError(
                f"A guard has no metric {self.metric!r}.",
                way_out=f"Known: {', '.join(get_args(Metric))}.",
                source="metric",
            )
        between(self.cap, 0.0, float("inf"), name=f"{self.metric}.cap")
        low, high = self.bounds
        between(self.limit, low, high, name=f"{self.metric}.limit")

    @property
    def bounds(self) -> tuple[float, float]:
        """Least and largest value of one observation."""
        return (-self.cap, self.cap) if self.metric in _DIFFERENCES else (0.0, 1.0)

    def start(self) -> BoundedMean:
        """Return the test before its first observation."""
        low, high = self.bounds
        return BoundedMean(self.limit, low, high)

    def value(self, seen: Observation) -> float | None:
        """Return what an observation counts; None if it says nothing of the metric."""
        if isinstance(seen, Scored):
            return {
                "error_rate": float(seen.failed),
                "abstention_rate": float(seen.abstained),
                # A latency that was not measured (NaN) counts as late.
                "late_share": float(not seen.latency_us <= self.cap),
            }.get(self.metric)
        return {
            "log_loss_difference": seen.log_loss_difference,
            "pnl_shortfall_bps": -seen.pnl_difference_bps,
        }.get(self.metric)

    def to_mapping(self) -> dict[str, Any]:
        """Return the guard as plain JSON."""
        return asdict(self)

    @classmethod
    def from_mapping(cls, kept: Mapping[str, Any]) -> Self:
        """Return the guard that `to_mapping` kept."""
        return cls(**kept)


GUARDS: Mapping[str, Guard] = MappingProxyType(
    {
        "error_rate": Guard("error_rate", 0.01),
        "abstention_rate": Guard("abstention_rate", 0.5),
        "late_share": Guard("late_share", 0.01, cap=10_000.0),
        "log_loss_difference": Guard("log_loss_difference", 0.01, cap=1.0),
        "pnl_shortfall_bps": Guard("pnl_shortfall_bps", 1.0, cap=100.0),
    }
)
"""The guards of a canary unless others are given."""
