"""The leak certificate of one row: the checks that one row can fail.

As in `tradeloop.datasets.certificate`, on the bars of the row's instrument. The row was
taken from features of all its bars, later ones included. It must be, bit for bit, what
the features give on history cut at the decision, and with a spoiled future. Both go on
from a state that was made of earlier bars alone (`collect_trail`).

What compares rows or needs folds is listed as absent: one row cannot fail it, so it
would prove nothing.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.datasets import (
    Absent,
    Certificate,
    Check,
    Dataset,
    fills_possible,
)
from tradeloop.datasets.checks import fitted_inside, known_before, no_overlap
from tradeloop.datasets.poison import poison
from tradeloop.fold import Float
from tradeloop.pipelines.collected import Seen

_ABSENT = (
    Absent("no_twins", "needs folds: one row stands on one side"),
    Absent("no_label_inside", "needs rows to compare: this is one"),
    Absent("embargoed", "needs folds"),
    Absent("labels_recomputed", "needs relabel: from bars to labels"),
    Absent("universe_complete", "needs members: the universe as it was"),
    Absent("prices_as_known", "needs raw: prices as they traded"),
    Absent("series_released", "needs series and releases with their times"),
    Absent("bars_from_ticks", "needs ticks: what the bars are made of"),
)
_NAN = np.float64(np.nan).view(np.int64)


def certify_row(
    dataset: Dataset, seen: Seen, fills: pl.DataFrame | None, *, seed: int
) -> Certificate:
    """Check one row for leaks.

    Parameters
    ----------
    dataset : Dataset
        Of one row.
    seen : Seen
        What it was made of: no bar came late or before its end.
    fills : polars.DataFrame, optional
        Of the decision.
    seed : int
        Of the poison.
    """
    bars = seen.trail.bars.head(seen.rows)
    checks = (
        no_overlap(dataset, (), forward=True),
        known_before(dataset, bars, clock_skew_ns=0),
        _recomputed(dataset, seen),
        _poisoned(dataset, seen, seed),
        fitted_inside((), ()),
    )
    if fills is None or fills.is_empty():
        return Certificate(checks, (*_ABSENT, Absent("fills_possible", "needs fills")))
    return Certificate((*checks, _possible(dataset, seen, fills)), _ABSENT)


def _possible(dataset: Dataset, seen: Seen, fills: pl.DataFrame) -> Check:
    """Check (n) on the fills that the row rests on: those under suspicion do not."""
    used = fills.head(0) if dataset.outcome_labels["fill_suspect"].any() else fills
    return fills_possible(
        used,
        seen.trail.bars.head(seen.rows),
        decisions=dataset.outcome_labels.select("decision_id", "decision_ns"),
        quotes=seen.quotes if seen.quotes.height else None,
    )


def _recomputed(dataset: Dataset, seen: Seen) -> Check:
    """Check (c): the row is what history cut at the decision gives."""
    begin = seen.trail.begin(seen.row)
    bars = seen.trail.bars.slice(begin, seen.rows - begin)
    cut = bars.filter(pl.col("received_ns") <= seen.at_ns)
    name = "recomputed"
    if begin + cut.height != seen.row + 1:
        detail = f"history cut at {seen.at_ns} ends with another bar than the row"
        return Check(name, passed=False, detail=detail)
    wrong = _differing(dataset, seen.trail.again(begin, cut)[:, -1])
    if wrong:
        detail = f"history cut at {seen.at_ns}: first of {len(wrong)} is {wrong[0]}"
        return Check(name, passed=False, detail=detail)
    detail = (
        f"1 row x {dataset.feature_count} features, history cut at the decision, on "
        f"the state after {begin} bars: 0 bits differ"
    )
    return Check(name, passed=True, detail=detail)


def _poisoned(dataset: Dataset, seen: Seen, seed: int) -> Check:
    """Check (d): spoiling what came after the decision changes nothing in the row."""
    begin, name = seen.trail.begin(seen.row), "poisoned_future"
    bars = seen.trail.bars.slice(begin, seen.rows - begin)
    found = seen.trail.again(begin, poison(bars, seen.at_ns, seed=seed))
    wrong = _differing(dataset, found[:, seen.row - begin])
    later = seen.rows - seen.row - 1
    if wrong:
        detail = f"poison after {seen.at_ns} changed {len(wrong)}, first {wrong[0]}"
        return Check(name, passed=False, detail=detail)
    detail = f"1 cut, {later} later bars spoiled, 1 row: 0 bits changed"
    return Check(name, passed=True, detail=detail)


def _differing(dataset: Dataset, found: Float) -> list[str]:
    """Names of the features whose bits are not those of the row."""
    names = dataset.feature_names
    ours, theirs = _bits(dataset.X[0]), _bits(np.ascontiguousarray(found))
    return [names[place] for place in np.flatnonzero(ours != theirs)]


def _bits(values: Float) -> NDArray[np.int64]:
    bits: NDArray[np.int64] = np.where(np.isnan(values), _NAN, values.view(np.int64))
    return bits
