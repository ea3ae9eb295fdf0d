"""Two arms side by side, each serving its share of the units, compared at any time.

With ``q`` the share of the arm that served and ``c`` the mean of the earlier values,
each value counts as ``(value - c) / q`` for arm b and as ``-(value - c) / q`` for arm
a. Since the hash assigns the arm independently of the outcome, the mean of that is the
difference b less a (Horvitz and Thompson 1952), and it is bounded: a bet on it is valid
whenever one looks (`tradeloop.statistics.BoundedMean`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

from tradeloop.errors import InputError
from tradeloop.signals.experiments.assignment import Layout
from tradeloop.signals.experiments.observation import refuse_empty
from tradeloop.signals.experiments.seen import NOTHING, Seen
from tradeloop.statistics import BoundedMean
from tradeloop.statistics.samples import at_least, between, finite_rows

Winner = Literal["a", "b", "undecided"]


@dataclass(frozen=True, slots=True)
class SplitTest:
    """An A/B test at one moment.

    Parameters
    ----------
    layout : Layout
        Arms ``a`` and ``b`` with their shares, fixed for the whole test.
    low, high : float
        Bounds of a value, higher is better; one outside counts as the bound.
    a_better, b_better : BoundedMean
        Tests of the difference, one for each direction.
    level : float
        Chance that equally good arms are ever told apart, at most.
    minimum : int
        Least units of each arm before there is a winner.
    rows, totals : tuple of 2
        Units and sum of values of a and b.
    seen : Seen
        Units that were counted.
    """

    layout: Layout
    low: float
    high: float
    a_better: BoundedMean
    b_better: BoundedMean
    level: float = 0.05
    minimum: int = 100
    rows: tuple[int, int] = (0, 0)
    totals: tuple[float, float] = (0.0, 0.0)
    seen: Seen = NOTHING

    @classmethod
    def start(
        cls,
        experiment: str,
        *,
        low: float,
        high: float,
        share_b: float = 0.5,
        level: float = 0.05,
        minimum: int = 100,
    ) -> Self:
        """Begin a test.

        Parameters
        ----------
        experiment : str
            Name; it also seeds the assignment.
        low, high : float
            Bounds of a value.
        share_b : float
            Share of arm b, between 0 and 1.
        level, minimum
            As in `SplitTest`.

        Raises
        ------
        InputError
            A figure is outside its range.
        """
        share = between(share_b, 0.0, 1.0, name="share_b")
        if not -float("inf") < low < high < float("inf"):
            raise InputError(
                f"low must be below high and both finite, were {low} and {high}.",
                way_out="Give the least and the largest value that may count.",
                source="low",
            )
        between(level, 0.0, 1.0, name="level")
        at_least(minimum, 1, name="minimum")
        bound = (high - low) / min(share, 1 - share)
        test = BoundedMean(0.0, -bound, bound)
        layout = Layout.of(experiment, {"a": 1 - share, "b": share})
        return cls(layout, low, high, test, test, level, minimum)

    def arm_of(self, unit: str) -> str:
        """Return the one arm that serves this unit, ``a`` or ``b``."""
        return self.layout.arm_of(unit)

    def observe(self, unit: str, value: float) -> Self:
        """Count the value of a unit, once.

        Parameters
        ----------
        unit : str
            Key of the unit. It was drawn once, so it counts once: give each signal its
            own key, or one value per account.
        value : float
            What came of it, higher is better.

        Raises
        ------
        InputError
            The key is empty or the value not finite; the state stays as it was.
        """
        refuse_empty(unit, name="unit")
        if unit in self.seen:
            return self
        finite_rows([value], name="value", at_least=1)
        kept = min(max(float(value), self.low), self.high)
        count = sum(self.rows)
        centre = sum(self.totals) / count if count else (self.low + self.high) / 2
        in_b = self.arm_of(unit) == "b"
        share = self.layout.shares["b" if in_b else "a"]
        difference = (kept - centre) / share * (1 if in_b else -1)
        a, b = self.rows
        total_a, total_b = self.totals
        return replace(
            self,
            a_better=self.a_better.after(-difference),
            b_better=self.b_better.after(difference),
            rows=(a + (not in_b), b + in_b),
            totals=(total_a + kept * (not in_b), total_b + kept * in_b),
            seen=self.seen.adding(unit),
        )

    @property
    def winner(self) -> Winner:
        """The better arm beyond doubt, at any time one looks."""
        if min(self.rows) < self.minimum:
            return "undecided"
        if self.b_better.rejects(self.level / 2):
            return "b"
        return "a" if self.a_better.rejects(self.level / 2) else "undecided"

    def figures(self) -> dict[str, float | int | str | None]:
        """Return the test in numbers; a mean is None before the first unit."""
        means = [
            total / count if count else None
            for total, count in zip(self.totals, self.rows, strict=True)
        ]
        return {
            "a_units": self.rows[0],
            "b_units": self.rows[1],
            "a_mean": means[0],
            "b_mean": means[1],
            "p_a_better": self.a_better.p_value,
            "p_b_better": self.b_better.p_value,
            "winner": self.winner,
        }

    def to_mapping(self) -> dict[str, Any]:
        """Return the whole state as plain JSON."""
        return {
            "layout": self.layout.to_mapping(),
            "low": self.low,
            "high": self.high,
            "a_better": self.a_better.to_mapping(),
            "b_better": self.b_better.to_mapping(),
            "level": self.level,
            "minimum": self.minimum,
            "rows": list(self.rows),
            "totals": list(self.totals),
            "seen": sorted(self.seen.ids()),
        }

    @classmethod
    def from_mapping(cls, kept: Mapping[str, Any]) -> Self:
        """Return the state that `to_mapping` kept; it goes on as if never stopped."""
        read = {
            "layout": Layout.from_mapping(kept["layout"]),
            "a_better": BoundedMean.from_mapping(kept["a_better"]),
            "b_better": BoundedMean.from_mapping(kept["b_better"]),
            "rows": tuple(kept["rows"]),
            "totals": tuple(kept["totals"]),
            "seen": Seen.of(kept["seen"]),
        }
        return cls(**{**kept, **read})
