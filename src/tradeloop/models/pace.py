"""How far a training is: what was fitted, how long it took, how long the rest takes.

The clock is an argument, as is who listens: nothing here reads the time by itself.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done.

    Parameters
    ----------
    fold, folds : int
        Fold, from 0, and how many there are.
    part : str
        Name of the estimator, or ``kept`` where the fold was not fitted again.
    seconds : float
        How long it took.
    eta_s : float or None
        Estimated seconds until all is done; None before anything was measured.
    """

    fold: int
    folds: int
    part: str
    seconds: float
    eta_s: float | None


@dataclass(slots=True)
class Pace:
    """Measures fits and tells of them.

    The estimate: seconds a row of each estimator so far, times the rows that it has
    still to learn from; an estimator not yet seen counts as the mean of the others.

    Parameters
    ----------
    told : callable
        Hears of each `Step`.
    clock_s : callable
        Seconds of a clock that never goes back, such as `tradeloop.clock.monotonic_s`.
    """

    told: Callable[[Step], None]
    clock_s: Callable[[], float]
    _left: dict[tuple[int, str], int] = field(default_factory=dict)
    _spent: dict[str, tuple[float, int]] = field(default_factory=dict)
    _folds: int = 0

    def plan(self, rows: Mapping[int, int], parts: Sequence[str]) -> None:
        """Hear how many rows each fold learns from, and by which estimators."""
        self._folds = len(rows)
        self._left = {
            (fold, part): count for fold, count in rows.items() for part in parts
        }

    @contextmanager
    def doing(self, fold: int, part: str) -> Iterator[None]:
        """Measure one fit of a fold."""
        began_s = self.clock_s()
        yield
        took_s = self.clock_s() - began_s
        rows = self._left.pop((fold, part), 0)
        seconds, seen = self._spent.get(part, (0.0, 0))
        self._spent[part] = seconds + took_s, seen + rows
        self.told(Step(fold, self._folds, part, took_s, self.eta_s()))

    def skip(self, fold: int, part: str) -> None:
        """Hear that a fold needs no fitting, or cannot be fitted."""
        self._left = {at: rows for at, rows in self._left.items() if at[0] != fold}
        self.told(Step(fold, self._folds, part, 0.0, self.eta_s()))

    def eta_s(self) -> float | None:
        """Estimated seconds until all that was planned is done."""
        rates = {part: s / rows for part, (s, rows) in self._spent.items() if rows}
        if not rates:
            return None if self._left else 0.0
        usual = sum(rates.values()) / len(rates)
        return sum(
            rows * rates.get(part, usual) for (_, part), rows in self._left.items()
        )
