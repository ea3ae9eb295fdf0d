"""A check of the labels themselves: made anew, and made anew on history cut."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.datasets.checks import Check
from tradeloop.datasets.dataset import Dataset
from tradeloop.datasets.evidence import Relabel
from tradeloop.errors import InputError

_NAME = "labels_recomputed"


def _differs(
    dataset: Dataset, again: pl.DataFrame, rows: NDArray[np.bool_]
) -> tuple[int, str]:
    """Rows whose labels are not those made again, and the first such column."""
    held = dataset.outcome_labels.filter(rows)
    names = [n for n in held.columns if n in again.columns and n != "decision_id"]
    if not names:
        raise InputError(
            f"Relabelling gives no label of the dataset: {', '.join(again.columns)}.",
            way_out="Pass a relabel that names its columns as outcome_labels does.",
            source="relabel",
        )
    found = held.select("decision_id").join(
        again, on="decision_id", how="left", maintain_order="left"
    )
    wrong, first = np.zeros(held.height, dtype=np.bool_), ""
    for name in names:
        differs = held[name].ne_missing(found[name].cast(held[name].dtype)).to_numpy()
        first = first or (name if differs.any() else "")
        wrong |= differs
    return int(wrong.sum()), first


def labels_recomputed(
    dataset: Dataset, bars: pl.DataFrame, relabel: Relabel, rows: Sequence[int]
) -> Check:
    """Compare labels with those made anew, on all bars and on bars cut at their ends.

    A label whose ``end_ns`` is too early would be purged too little: on bars received
    by its end it cannot be made.

    Parameters
    ----------
    dataset : Dataset
        Labels to check.
    bars : polars.DataFrame
        Rows of the record BAR.
    relabel : callable
        From bars to labels; see `Evidence`.
    rows : sequence of int
        Rows at whose label ends history is cut.

    Raises
    ------
    InputError
        ``relabel`` gives no column of the dataset's labels.
    """
    everything = np.ones(dataset.sample_count, dtype=np.bool_)
    wrong, name = _differs(dataset, relabel(bars), everything)
    if wrong:
        detail = f"{wrong} labels are not those of the bars, first in {name}"
        return Check(_NAME, passed=False, detail=detail)
    for row in rows:
        at_ns = int(dataset.end_ns[row])
        cut = bars.filter(pl.col("received_ns") <= at_ns)
        wrong, name = _differs(dataset, relabel(cut), dataset.end_ns <= at_ns)
        if wrong:
            detail = (
                f"history cut at {at_ns}: {wrong} labels that were said to be known "
                f"are not, first in {name}"
            )
            return Check(_NAME, passed=False, detail=detail)
    detail = f"{dataset.sample_count} labels, also with history cut at {len(rows)} ends"
    return Check(_NAME, passed=True, detail=detail)
