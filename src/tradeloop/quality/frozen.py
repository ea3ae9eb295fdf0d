"""Frozen prices: bar after bar with the very same open, high, low and close.

A run counts the bars that repeat the bar before them. It is an anomaly when it is
longer than 10 bars and than 4 times the 99th percentile of the instrument's runs (bars
that repeat nothing are runs of 0): on quiet instruments short runs are usual. The
percentile is the value below it, and 0 for a lone run: no run sets its own limit.
"""

import polars as pl

from tradeloop.quality.base import Detector, Evidence

LONGEST, FACTOR, QUANTILE = 10, 4.0, 0.99
_PRICES = ("open", "high", "low", "close")


def find_frozen(evidence: Evidence) -> pl.DataFrame:
    """Find the runs of bars that repeat the bar before them.

    Parameters
    ----------
    evidence : Evidence
        Its bars.

    Returns
    -------
    polars.DataFrame of shape (n_found, 3)
        instrument, event_ns (end of the run's first bar), count (bars of the run).
    """
    same = pl.all_horizontal(
        pl.col(p) == pl.col(p).shift(1).over("instrument") for p in _PRICES
    ).fill_null(value=False)
    moved = (~pl.col("same")).cum_sum().over("instrument").alias("stretch")
    runs = (
        evidence.bars.sort("instrument", "event_ns", maintain_order=True)
        .select("instrument", "event_ns", same.alias("same"))
        .with_columns(moved)
        .group_by("instrument", "stretch", maintain_order=True)
        .agg(
            pl.col("event_ns").filter("same").first(),
            pl.col("same").sum().cast(pl.Float64).alias("count"),
        )
    )
    below = pl.col("count").quantile(QUANTILE, interpolation="lower")
    usual = pl.when(pl.len() > 1).then(below).otherwise(0.0).over("instrument")
    return runs.filter(
        (pl.col("count") > LONGEST) & (pl.col("count") > FACTOR * usual)
    ).drop("stretch")


FROZEN = Detector(
    "frozen_price",
    f"same open, high, low, close for > {LONGEST} bars and > {FACTOR:g} x the "
    f"{QUANTILE:.0%} quantile of runs",
    find_frozen,
)
