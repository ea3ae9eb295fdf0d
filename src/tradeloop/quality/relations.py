"""Relations that the numbers of one bar must keep."""

import polars as pl

from tradeloop.quality.base import Detector, Evidence


def find_broken(evidence: Evidence) -> pl.DataFrame:
    """Bars whose numbers contradict each other.

    Parameters
    ----------
    evidence : Evidence
        Its bars; bid and ask are looked at where there are such columns.

    Returns
    -------
    polars.DataFrame of shape (n_found, 3)
        instrument, event_ns, row.
    """
    top = pl.max_horizontal("open", "close", "low")
    bottom = pl.min_horizontal("open", "close")
    broken = (pl.col("high") < top) | (pl.col("low") > bottom) | (pl.col("low") <= 0)
    if {"bid", "ask"} <= set(evidence.bars.columns):
        broken = broken | (pl.col("bid") > pl.col("ask")).fill_null(value=False)
    return (
        evidence.bars.with_row_index("row")
        .filter(broken)
        .select("instrument", "event_ns", "row")
    )


BROKEN = Detector(
    "broken_bar", "not low <= open, close <= high, low > 0, bid <= ask", find_broken
)
