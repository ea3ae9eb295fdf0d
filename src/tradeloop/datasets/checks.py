"""Checks for leaks that need no recomputing, and what a certificate is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from tradeloop.datasets.dataset import Dataset
from tradeloop.datasets.intervals import Rows, Split, meets

_CONTEXTS = ("market_context", "execution_context", "feature_vectors")


@dataclass(frozen=True, slots=True)
class Check:
    """One check and what it found.

    Parameters
    ----------
    name : str
        Name of the check.
    passed : bool
        Whether it found nothing.
    detail : str
        What was looked at, or the first thing that is wrong.
    """

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Absent:
    """A check that was not made, which is not a check that passed.

    Parameters
    ----------
    name : str
        Name of the check.
    reason : str
        What it would need.
    """

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """The checks of a dataset: those that were made, and those that were not.

    Parameters
    ----------
    checks : tuple of Check
        In their order; the first five are (a) to (e).
    absent : tuple of Absent
        Checks for which nothing was given.
    """

    checks: tuple[Check, ...]
    absent: tuple[Absent, ...] = ()

    @property
    def failed(self) -> tuple[Check, ...]:
        """Checks that found a leak."""
        return tuple(check for check in self.checks if not check.passed)

    @property
    def passed(self) -> bool:
        """Whether every check that was made passed."""
        return not self.failed

    def as_mapping(self) -> dict[str, Any]:
        """Give counts and checks as they stand in metadata.json."""
        return {
            "checks": len(self.checks),
            "failed": len(self.failed),
            "results": [
                {"name": c.name, "passed": c.passed, "detail": c.detail}
                for c in self.checks
            ],
            "absent": [{"name": a.name, "reason": a.reason} for a in self.absent],
        }


@dataclass(frozen=True, eq=False, slots=True)
class Fitted:
    """Record of one thing that was fitted.

    Parameters
    ----------
    what : str
        Name, such as ``scaler`` or ``model``.
    fold : int
        Fold for whose test it was fitted.
    rows : ndarray of int64, shape (n_fitted,)
        Positions of the dataset's rows that it saw.
    """

    what: str
    fold: int
    rows: Rows


def _overlap(dataset: Dataset, fold: int, split: Split, *, forward: bool) -> str | None:
    """Say what is wrong with a fold, if anything."""
    start, end = dataset.decision_ns, dataset.end_ns
    train, test = split
    if test.size == 0 or train.size == 0:
        return f"fold {fold}: {train.size} training and {test.size} test rows"
    met = int(meets(start[train], end[train], start[test], end[test]).sum())
    if met:
        return f"fold {fold}: {met} of {train.size} training labels meet the test"
    after = int((start[train] >= start[test].min()).sum())
    if forward and after:
        return f"fold {fold}: {after} training rows are decided after the test begins"
    if (dataset.fold[test] != fold).any():
        return f"fold {fold}: the fold column names other test rows"
    return None


def no_overlap(dataset: Dataset, splits: Sequence[Split], *, forward: bool) -> Check:
    """Check (a): label intervals on both sides of a fold.

    Parameters
    ----------
    dataset : Dataset
        Holds the label intervals and the fold column.
    splits : sequence of (train, test)
        Folds as the model will use them; with none, no row may be marked as tested.
    forward : bool
        Whether training must lie wholly before the test, as in a walk-forward.
    """
    for fold, split in enumerate(splits):
        wrong = _overlap(dataset, fold, split, forward=forward)
        if wrong:
            return Check("no_overlap", passed=False, detail=wrong)
    if not splits:
        tested = int((dataset.fold >= 0).sum())
        detail = f"no folds; {tested} rows are marked as tested"
        return Check("no_overlap", passed=tested == 0, detail=detail)
    detail = f"{len(splits)} folds, 0 overlapping label intervals"
    return Check("no_overlap", passed=True, detail=detail)


def known_before(dataset: Dataset, bars: pl.DataFrame, *, clock_skew_ns: int) -> Check:
    """Check (b): values known after their decision, and bars before their end.

    Parameters
    ----------
    dataset : Dataset
        Each frame with values of the market is looked at.
    bars : polars.DataFrame
        Rows of the record BAR.
    clock_skew_ns : int
        By how much the receiver's clock is known to run behind the event's.
    """
    decision_ns = dataset.outcome_labels["decision_ns"]
    for name in _CONTEXTS:
        known_ns = dataset.frames[name]["known_ns"]
        late = (known_ns > decision_ns).fill_null(value=False)
        if late.any():
            detail = (
                f"{name}: {late.sum()} rows hold what was known after the decision, "
                f"first row {late.arg_max()}"
            )
            return Check("known_before", passed=False, detail=detail)
    early = bars.filter(pl.col("received_ns") < pl.col("event_ns") - clock_skew_ns)
    if early.height:
        detail = (
            f"{early.height} of {bars.height} bars were known before they ended, first "
            f"{early['instrument'][0]} at event_ns {early['event_ns'][0]}"
        )
        return Check("known_before", passed=False, detail=detail)
    detail = f"{dataset.sample_count} rows, {bars.height} bars: 0 known too late"
    return Check("known_before", passed=True, detail=detail)


def fitted_inside(fitted: Sequence[Fitted], splits: Sequence[Split]) -> Check:
    """Check (e): fits that saw more than the training rows of their fold.

    Parameters
    ----------
    fitted : sequence of Fitted
        What was fitted, where.
    splits : sequence of (train, test)
        Folds of the dataset.
    """
    for record in fitted:
        if not 0 <= record.fold < len(splits):
            detail = f"{record.what}: there is no fold {record.fold}"
            return Check("fitted_inside", passed=False, detail=detail)
        outside = ~np.isin(record.rows, splits[record.fold][0])
        if outside.any():
            detail = (
                f"{record.what}, fold {record.fold}: {int(outside.sum())} of its rows "
                "are no training rows"
            )
            return Check("fitted_inside", passed=False, detail=detail)
    detail = f"{len(fitted)} fits, all inside their training rows"
    return Check("fitted_inside", passed=True, detail=detail)
