"""Timeliness as a distribution: how long it took until we knew.

The delay of a row is received less event time. It is held against the latency that the
source states, where it states one: ``within = rows with delay <= stated / rows``.
"""

import polars as pl

from tradeloop.quality.anomalies.late_tick import stated_of
from tradeloop.quality.base import Evidence
from tradeloop.quality.clocks import DELAY

_COLUMNS = ("instrument", "event_ns", "received_ns")


def delays(evidence: Evidence) -> pl.DataFrame:
    """Distribution of the delay, by kind of row and instrument.

    Parameters
    ----------
    evidence : Evidence
        Its bars, ticks, decisions and fills, and the latencies that sources state.

    Returns
    -------
    polars.DataFrame of shape (n_kinds_and_instruments, 10)
        kind, instrument, rows, least_ns, p50_ns, p90_ns, p99_ns, most_ns, stated_ns
        and within; the last two are null where no latency is stated. Quantiles are
        values of the data.
    """
    frames = {
        "bar": evidence.bars,
        **evidence.ticks,
        "decision": evidence.decisions,
        "fill": evidence.fills,
    }
    points = {"p50_ns": 0.5, "p90_ns": 0.9, "p99_ns": 0.99}
    found = [
        frame.select(*_COLUMNS)
        .with_columns(delay=DELAY, stated_ns=stated_of(evidence))
        .group_by("instrument")
        .agg(
            pl.len().cast(pl.Int64).alias("rows"),
            least_ns=pl.col("delay").min(),
            **{
                name: pl.col("delay").quantile(q, "nearest").cast(pl.Int64)
                for name, q in points.items()
            },
            most_ns=pl.col("delay").max(),
            stated_ns=pl.col("stated_ns").first(),
            within=(pl.col("delay") <= pl.col("stated_ns")).mean(),
        )
        .with_columns(within=pl.when(pl.col("stated_ns").is_not_null()).then("within"))
        .sort("instrument")
        .select(pl.lit(kind).alias("kind"), pl.all())
        for kind, frame in frames.items()
        if frame is not None
    ]
    return pl.concat(found)
