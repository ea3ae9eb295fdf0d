"""Gaps: bars that the instrument's usual calendar lets one expect.

The calendar is learned from the data. The usual gap after a bar is taken from the gaps
of that instrument after bars of the same time of the week (so nights and weekends are
usual), where there are at least 8 such gaps; else from the same time of the day; else
from all gaps. A gap is an anomaly when it is longer than 4 times the 99th percentile of
those, taken as the value below it: so the longest gap never sets its own limit. It
misses ``(gap - median of those) / interval`` bars.
"""

import polars as pl

from tradeloop.clock import NS_PER_DAY
from tradeloop.quality.base import Detector, Evidence

FACTOR, QUANTILE, ENOUGH = 4.0, 0.99, 8
_MONDAY_NS = 4 * NS_PER_DAY  # 1970-01-01 was a Thursday


def usual_gaps(bars: pl.DataFrame) -> pl.DataFrame:
    """Gap before each bar, with what is usual there.

    Parameters
    ----------
    bars : polars.DataFrame of shape (n_bars, any)
        Columns instrument and event_ns; order and repeats do not matter.

    Returns
    -------
    polars.DataFrame of shape (n_gaps, 6)
        instrument, after_ns (end of the bar before), event_ns, gap_ns, limit_ns (longer
        is no usual gap) and median_ns.
    """
    after = pl.col("after_ns")
    gaps = (
        bars.select("instrument", "event_ns")
        .unique()
        .sort("instrument", "event_ns")
        .with_columns(after_ns=pl.col("event_ns").shift(1).over("instrument"))
        .drop_nulls()
        .with_columns(
            gap_ns=(pl.col("event_ns") - after).cast(pl.Float64),
            week=(after - _MONDAY_NS) % (7 * NS_PER_DAY),
            day=after % NS_PER_DAY,
        )
    )
    limit = pl.col("gap_ns").quantile(QUANTILE, interpolation="lower")
    median = pl.col("gap_ns").median()
    groups = (["instrument", "week"], ["instrument", "day"], ["instrument"])
    seen = [pl.len().over(group) >= ENOUGH for group in groups]
    known = [(limit.over(group), median.over(group)) for group in groups]
    return gaps.select(
        "instrument",
        "after_ns",
        "event_ns",
        "gap_ns",
        *(
            pl.when(seen[0])
            .then(known[0][k])
            .when(seen[1])
            .then(known[1][k])
            .otherwise(known[2][k])
            .alias(name)
            for k, name in enumerate(("limit_ns", "median_ns"))
        ),
    ).with_columns(limit_ns=FACTOR * pl.col("limit_ns"))


def find_gaps(evidence: Evidence) -> pl.DataFrame:
    """Gaps longer than usual, with the bars that each misses.

    Parameters
    ----------
    evidence : Evidence
        Its bars.

    Returns
    -------
    polars.DataFrame of shape (n_found, 4)
        instrument, after_ns, event_ns, count (bars missing, at least 1).
    """
    missing = (pl.col("gap_ns") - pl.col("median_ns")) / evidence.interval_ns
    return (
        usual_gaps(evidence.bars)
        .filter(pl.col("gap_ns") > pl.col("limit_ns"))
        .select(
            "instrument",
            "after_ns",
            "event_ns",
            missing.round().clip(lower_bound=1).alias("count"),
        )
    )


GAPS = Detector(
    "gap",
    f"gap > {FACTOR:g} x the {QUANTILE:.0%} quantile of gaps at that time of the week",
    find_gaps,
)
