"""The certificate of a dataset that was assembled part by part.

Checks that need times alone look at all rows: no_overlap, known_before, embargoed. What
has to be recomputed, or compared value by value, is checked on a sample, runs of
neighbouring rows read back from what was written. Each check says how many rows it
looked at.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import polars as pl

from tradeloop.datasets.checks import Certificate, Check, known_before, no_overlap
from tradeloop.datasets.dataset import Dataset
from tradeloop.datasets.intervals import Split
from tradeloop.datasets.row_checks import embargoed

_NO_ROWS = ("fitted_inside", "prices_as_known", "series_released", "bars_from_ticks")


def of_all_rows(
    sampled: Certificate,
    sample_rows: int,
    dataset: Dataset,
    splits: Sequence[Split],
    bars: pl.DataFrame,
    *,
    embargo_ns: int | None,
) -> Certificate:
    """Make the checks of times on all rows, and say what the others looked at.

    Parameters
    ----------
    sampled : Certificate
        What `certify` found about the sample.
    sample_rows : int
        Rows of the sample.
    dataset : Dataset
        All rows: an `outline` will do.
    splits : sequence of (train, test)
        Folds of all rows, walk-forward or none.
    bars : polars.DataFrame
        Rows of the record BAR.
    embargo_ns : int, optional
        As in `Evidence`.
    """
    made: dict[str, Callable[[], Check]] = {
        "no_overlap": lambda: no_overlap(dataset, splits, forward=True),
        "known_before": lambda: known_before(dataset, bars, clock_skew_ns=0),
    }
    if embargo_ns is not None:
        made["embargoed"] = lambda: embargoed(dataset, splits, embargo_ns, forward=True)
    rows = dataset.sample_count
    whole, part = f"all {rows} rows", f"sample of {sample_rows} of {rows} rows"

    def told(check: Check) -> Check:
        if check.name in _NO_ROWS:
            return check
        found = made[check.name]() if check.name in made else check
        seen = whole if check.name in made else part
        return replace(found, detail=f"{seen}: {found.detail}")

    return Certificate(tuple(told(check) for check in sampled.checks), sampled.absent)
