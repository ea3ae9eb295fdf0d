"""Frozen prices: bar after bar with the very same open, high, low and close.

A run counts the bars that repeat the bar before them. It is an anomaly when it is
longer than 10 bars and than 4 times the 99th percentile of the instrument's runs (bars
that repeat nothing are runs of 0): on quiet instruments short runs are usual. The
percentile is the value below it, and 0 for a lone run: no run sets its own limit.
"""

import polars as pl

from tradeloop.quality.base import Detector, Evidence

LONGEST, FACTOR, QUANTILE = 10, 4.0, 0.99
PRICES = ("open", "high", "low", "close")


def _repeats(evidence: Evidence) -> pl.DataFrame:
    """Bars in their order, with whether each repeats the one before it."""
    same = pl.all_horizontal(
        pl.col(name) == pl.col(name).shift(1) for name in ("instrument", *PRICES)
    ).fill_null(value=False)
    return (
        evidence.bars.with_row_index("rows")
        .sort("instrument", "event_ns", maintain_order=True)
        .select("instrument", "event_ns", "rows", same=same)
        .with_columns(stretch=(~pl.col("same")).cum_sum())
    )


def _runs(repeats: pl.DataFrame) -> pl.DataFrame:
    return (
        repeats.filter("same")
        .group_by("stretch", maintain_order=True)
        .agg(
            pl.col("instrument", "event_ns").first(),
            pl.len().cast(pl.Float64).alias("count"),
            pl.col("rows"),
        )
    )


def usual_runs(evidence: Evidence) -> pl.DataFrame:
    """Limit of the runs: instrument, limit."""
    repeats = _repeats(evidence)
    # Every bar that repeats nothing begins a run, most of them of length 0.
    runs = repeats.group_by("instrument").agg(n=(~pl.col("same")).sum().cast(pl.Int64))
    lengths = _runs(repeats).group_by("instrument").agg(pl.col("count").sort())
    known = runs.join(lengths, on="instrument", how="left").with_columns(
        at=(QUANTILE * (pl.col("n") - 1)).floor().cast(pl.Int64)
        - (pl.col("n") - pl.col("count").list.len().fill_null(0))
    )
    usual = pl.when((pl.col("at") >= 0) & (pl.col("n") > 1)).then(
        pl.col("count").list.get(pl.col("at"), null_on_oob=True)
    )
    limit = pl.max_horizontal(pl.lit(float(LONGEST)), FACTOR * usual)
    return known.select("instrument", limit=limit)


def find_frozen(evidence: Evidence) -> pl.DataFrame:
    """Find the runs of bars that repeat the bar before them.

    Parameters
    ----------
    evidence : Evidence
        Its bars.

    Returns
    -------
    polars.DataFrame of shape (n_found, 4)
        instrument, event_ns (end of the run's first bar), count (bars of the run),
        rows.
    """
    return (
        _runs(_repeats(evidence))
        .join(evidence.usual_for(FROZEN), on="instrument", how="left")
        .filter(pl.col("count") > pl.col("limit"))
        .select("instrument", "event_ns", "count", "rows")
    )


FROZEN = Detector(
    "frozen_price",
    f"same open, high, low, close for > {LONGEST} bars and > {FACTOR:g} x the "
    f"{QUANTILE:.0%} quantile of runs",
    find_frozen,
    learn=usual_runs,
)
