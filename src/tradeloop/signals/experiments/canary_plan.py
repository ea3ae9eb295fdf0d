"""Stages and guards of a canary, as data."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from tradeloop.errors import InputError
from tradeloop.signals.experiments.guards import GUARDS, Guard
from tradeloop.statistics import BoundedMean
from tradeloop.statistics.samples import at_least, between


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage.

    Parameters
    ----------
    share : float
        Share of the units that the challenger serves, above 0 and up to 1.
    scored, settled : int
        Least observations of the challenger in this stage before the next.
    """

    share: float
    scored: int
    settled: int = 0


STAGES = (
    Stage(0.01, 200),
    Stage(0.05, 500),
    Stage(0.25, 1000),
    Stage(0.5, 1000),
    Stage(1.0, 1000),
)
"""1, 5, 25, 50 and 100 %."""


@dataclass(frozen=True, slots=True)
class CanaryPlan:
    """How a challenger is rolled out.

    Parameters
    ----------
    experiment : str
        Name; it also seeds the assignment.
    stages : tuple of Stage
        With growing shares, the last 1.
    guards : tuple of Guard
        Each metric once.
    level : float
        Chance that a challenger within all limits is ever rolled back, at most; it is
        split evenly over guards and stages (Bonferroni).

    Raises
    ------
    InputError
        A rule above is broken.
    """

    experiment: str
    stages: tuple[Stage, ...] = STAGES
    guards: tuple[Guard, ...] = tuple(GUARDS.values())
    level: float = 0.05

    def __post_init__(self) -> None:
        between(self.level, 0.0, 1.0, name="level")
        shares = [stage.share for stage in self.stages]
        grows = shares == sorted(set(shares)) and shares[:1] > [0.0]
        if not grows or shares[-1] != 1.0:
            raise InputError(
                f"The shares of the stages must grow from above 0 to 1, were {shares}.",
                way_out="End with a stage of 1.",
                source="stages",
            )
        for stage in self.stages:
            at_least(stage.scored, 1, name="stage.scored")
            at_least(stage.settled, 0, name="stage.settled")
        metrics = [guard.metric for guard in self.guards]
        if not metrics or len(set(metrics)) != len(metrics):
            raise InputError(
                f"A plan needs guards, each metric once; had {metrics}.",
                way_out="Without a guard nothing could be rolled back.",
                source="guards",
            )

    @property
    def guard_level(self) -> float:
        """Level of each guard in each stage."""
        return self.level / (len(self.guards) * len(self.stages))

    def tests(self) -> tuple[BoundedMean, ...]:
        """Return the tests of a stage before its first observation."""
        return tuple(guard.start() for guard in self.guards)

    def to_mapping(self) -> dict[str, Any]:
        """Return the plan as plain JSON."""
        return {
            "experiment": self.experiment,
            "stages": [asdict(stage) for stage in self.stages],
            "guards": [guard.to_mapping() for guard in self.guards],
            "level": self.level,
        }

    @classmethod
    def from_mapping(cls, kept: Mapping[str, Any]) -> Self:
        """Return the plan that `to_mapping` kept."""
        read = {
            "stages": tuple(Stage(**stage) for stage in kept["stages"]),
            "guards": tuple(Guard.from_mapping(guard) for guard in kept["guards"]),
        }
        return cls(**{**kept, **read})
