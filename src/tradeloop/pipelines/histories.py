"""The bars before each decision, for models that look at several rows.

The last step of a sequence is the decision's own row, the steps before it are feature
rows of its instrument's bars, as a live loop holds them that takes every bar into its
ring:

- Where a row is the features of the bar that the decision saw, and nothing else, it
  stands for that bar.
- Where it has more, such as the strategy, which is missing in the rows of bars, it
  comes after that bar.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.models.sequences import ABSENT, Sequences


def histories(
    features: pl.DataFrame,
    decisions: pl.DataFrame,
    rows: NDArray[np.float64],
    names: list[str],
    steps: int,
) -> Sequences:
    """Put the bars before each decision in front of its row.

    Parameters
    ----------
    features : polars.DataFrame of shape (n_bars, 3 + n_features)
        Features of all bars: ``instrument``, ``event_ns``, ``received_ns``, values.
    decisions : polars.DataFrame of shape (n_rows, any)
        ``instrument`` and ``at_ns``, when each was decided.
    rows : ndarray of shape (n_rows, n_columns)
        Inputs of the model at each decision; the features are the first columns.
    names : list of str
        Names of those features.
    steps : int
        Length of the sequences.
    """
    known = features.sort("instrument", "received_ns", "event_ns", maintain_order=True)
    bars, width = known.height, rows.shape[1]
    values = np.full((bars + len(rows), width), np.nan, dtype=np.float32)
    with np.errstate(over="ignore"):
        values[:bars, : len(names)] = known.select(names).to_numpy()
        values[bars:] = rows
    values[np.isinf(values)] = np.nan
    first, seen = _last_seen(known, decisions)
    after = int(width > len(names))
    back = seen[:, None] + np.arange(1 - steps, 0) + after
    places = np.full((len(rows), steps), ABSENT, dtype=np.int64)
    places[:, :-1] = np.where(back >= first[:, None], back, ABSENT)
    places[:, -1] = bars + np.arange(len(rows))
    return Sequences(values, places)


def _last_seen(
    known: pl.DataFrame, decisions: pl.DataFrame
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First bar of each decision's instrument, and the last that it has seen."""
    at = known.select("instrument", at_ns="received_ns").with_row_index("seen")
    first = at.group_by("instrument").agg(first=pl.col("seen").min())
    asked = decisions.select("instrument", "at_ns").with_row_index("row")
    found = (
        asked.sort("at_ns", maintain_order=True)
        .join_asof(
            at.sort("at_ns", "seen"),
            on="at_ns",
            by="instrument",
            check_sortedness=False,
        )
        .join(first, on="instrument", how="left")
        .sort("row")
    )
    bars = known.height
    begins = found["first"].fill_null(bars).cast(pl.Int64).to_numpy()
    return begins, found["seen"].cast(pl.Int64).fill_null(ABSENT).to_numpy()
