"""A challenger that scores every signal while nothing it says is acted on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

from tradeloop.signals.experiments.observation import (
    CHAMPION,
    Arm,
    Settled,
    refuse_empty,
)
from tradeloop.signals.experiments.seen import NOTHING, Seen
from tradeloop.statistics import BoundedMean
from tradeloop.statistics.samples import finite_rows

Leading = Literal["champion", "challenger", "undecided"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One signal, scored by both.

    Parameters
    ----------
    id : str
        Of the signal; the same one counts once.
    champion_side, challenger_side : int
        +1, -1 or 0 (held or abstained).
    distance : float
        Half the sum of the absolute differences of the two forecasts, 0 to 1.
    challenger_failed : bool
        It raised or timed out; its side and the distance are then not counted.
    challenger_latency_us : float
        How long its score took.
    """

    id: str
    champion_side: int
    challenger_side: int
    distance: float
    challenger_failed: bool
    challenger_latency_us: float


@dataclass(frozen=True, slots=True)
class Shadow:
    """What has come together so far. The champion serves every signal.

    Parameters
    ----------
    experiment : str
        Name.
    challenger_worse, challenger_better : BoundedMean
        Tests of the difference in log loss, one for each direction.
    level : float
        Chance that equally good models are ever told apart, at most.
    compared, failed, agreed : int
        Signals; of these, failures of the challenger; of the rest, equal sides.
    distance, latency_us : float
        Sums over the signals that count for them.
    slowest_us : float
        Longest score.
    pnl_difference_bps : float
        Sum of challenger less champion over the settled signals.
    seen : Seen
        What was counted.
    """

    experiment: str
    challenger_worse: BoundedMean
    challenger_better: BoundedMean
    level: float = 0.05
    compared: int = 0
    failed: int = 0
    agreed: int = 0
    distance: float = 0.0
    latency_us: float = 0.0
    slowest_us: float = 0.0
    pnl_difference_bps: float = 0.0
    seen: Seen = NOTHING

    @classmethod
    def start(cls, experiment: str, *, loss_cap: float = 1.0) -> Self:
        """Begin with nothing.

        Parameters
        ----------
        experiment : str
            Name.
        loss_cap : float
            Largest difference in log loss that one signal may count with, in nats.
        """
        refuse_empty(experiment, name="experiment")
        test = BoundedMean(0.0, -loss_cap, loss_cap)
        return cls(experiment, test, test)

    def arm_of(self, unit: str, created_ns: int) -> Arm:  # noqa: ARG002 - one shape for all
        """Return the champion, whatever the signal."""
        return CHAMPION

    def observe(self, found: Comparison | Settled) -> "Shadow":
        """Count a comparison or an outcome, once.

        Raises
        ------
        InputError
            The id is empty or a value is not finite; the state stays as it was.
        """
        refuse_empty(found.id, name="id")
        key = found.key if isinstance(found, Settled) else f"compared:{found.id}"
        if key in self.seen:
            return self
        known = replace(self, seen=self.seen.adding(key))
        if isinstance(found, Settled):
            return _with_outcome(known, found)
        return _with_comparison(known, found)

    @property
    def leading(self) -> Leading:
        """Who forecasts better beyond doubt, at any time one looks."""
        if self.challenger_better.rejects(self.level / 2):
            return "challenger"
        return (
            "champion" if self.challenger_worse.rejects(self.level / 2) else "undecided"
        )

    def figures(self) -> dict[str, float | int | str | None]:
        """Return the comparison in numbers; None where nothing was counted."""
        scored, settled = self.compared - self.failed, self.challenger_worse.rows
        return {
            "compared": self.compared,
            "settled": settled,
            "failed_share": _share(self.failed, self.compared),
            "agreed_share": _share(self.agreed, scored),
            "mean_distance": _share(self.distance, scored),
            "mean_latency_us": _share(self.latency_us, self.compared),
            "slowest_us": self.slowest_us,
            "log_loss_difference": self.challenger_worse.mean,
            "pnl_difference_bps": _share(self.pnl_difference_bps, settled),
            "p_challenger_worse": self.challenger_worse.p_value,
            "p_challenger_better": self.challenger_better.p_value,
            "leading": self.leading,
        }

    def to_mapping(self) -> dict[str, Any]:
        """Return the whole state as plain JSON."""
        return {
            "experiment": self.experiment,
            "challenger_worse": self.challenger_worse.to_mapping(),
            "challenger_better": self.challenger_better.to_mapping(),
            "level": self.level,
            "compared": self.compared,
            "failed": self.failed,
            "agreed": self.agreed,
            "distance": self.distance,
            "latency_us": self.latency_us,
            "slowest_us": self.slowest_us,
            "pnl_difference_bps": self.pnl_difference_bps,
            "seen": sorted(self.seen.ids()),
        }

    @classmethod
    def from_mapping(cls, kept: Mapping[str, Any]) -> Self:
        """Return the state that `to_mapping` kept; it goes on as if never stopped."""
        read = {
            "challenger_worse": BoundedMean.from_mapping(kept["challenger_worse"]),
            "challenger_better": BoundedMean.from_mapping(kept["challenger_better"]),
            "seen": Seen.of(kept["seen"]),
        }
        return cls(**{**kept, **read})


def _share(total: float, count: int) -> float | None:
    return total / count if count else None


def _with_comparison(state: Shadow, found: Comparison) -> Shadow:
    numbers = [found.distance, found.challenger_latency_us]
    finite_rows(numbers, name="comparison", at_least=2)
    there = not found.challenger_failed
    same = there and found.champion_side == found.challenger_side
    return replace(
        state,
        compared=state.compared + 1,
        failed=state.failed + found.challenger_failed,
        agreed=state.agreed + same,
        distance=state.distance + found.distance * there,
        latency_us=state.latency_us + found.challenger_latency_us,
        slowest_us=max(state.slowest_us, found.challenger_latency_us),
    )


def _with_outcome(state: Shadow, found: Settled) -> Shadow:
    finite_rows([found.pnl_difference_bps], name="pnl_difference_bps", at_least=1)
    return replace(
        state,
        challenger_worse=state.challenger_worse.after(found.log_loss_difference),
        challenger_better=state.challenger_better.after(-found.log_loss_difference),
        pnl_difference_bps=state.pnl_difference_bps + found.pnl_difference_bps,
    )
