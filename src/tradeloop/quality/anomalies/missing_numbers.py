"""Numbers of the source that never came, in ticks and in what was delivered.

Not every number counts messages: the update id of a best quote jumps with the whole
book. A source counts by one when at least 95 % of at least 20 steps between its
numbers, in their order, are by one. Then each number between the lowest and the highest
that no tick holds is missing.
"""

import polars as pl

from tradeloop.quality.anomalies.streams import EMPTY, numbers_of, over_ticks
from tradeloop.quality.base import Detector, Evidence

LEAST, SHARE = 20, 0.95


def steps_of(frame: pl.DataFrame, kind: str) -> pl.DataFrame:
    """List the steps between the numbers of a source, in their order.

    Returns
    -------
    polars.DataFrame of shape (n_steps, 3)
        instrument, event_ns (of the first tick after the step) and missing: numbers
        left out, 0 where the source counts by one.
    """
    numbers = numbers_of(frame, kind).unique(
        ["instrument", "low", "high"], keep="first", maintain_order=True
    )
    before = pl.col("high").cum_max().shift(1).over("instrument")
    return (
        numbers.sort("instrument", "low", "high", maintain_order=True)
        .with_columns(missing=(pl.col("low") - before - 1).clip(lower_bound=0))
        .drop_nulls("missing")
        .select("instrument", "event_ns", "missing")
    )


def usual_steps(evidence: Evidence) -> pl.DataFrame:
    """Learn which sources count by one: instrument, kind."""
    by_one = (pl.col("missing") == 0).mean() >= SHARE
    tables = [
        steps_of(frame, kind)
        .group_by("instrument")
        .agg(by_one.alias("by_one"), steps=pl.len())
        .filter((pl.col("steps") >= LEAST) & pl.col("by_one"))
        .select("instrument", kind=pl.lit(kind))
        for kind, frame in evidence.ticks.items()
    ]
    schema = {"instrument": pl.String, "kind": pl.String}
    return pl.concat(tables) if tables else pl.DataFrame(schema=schema)


def find_missing_numbers(evidence: Evidence) -> pl.DataFrame:
    """Find steps that leave numbers out: instrument, event_ns, count, kind."""
    usual = evidence.usual_for(MISSING_NUMBERS)

    def left_out(frame: pl.DataFrame, kind: str) -> pl.DataFrame:
        by_one = usual.filter(pl.col("kind") == kind).select("instrument")
        return (
            steps_of(frame, kind)
            .filter(pl.col("missing") > 0)
            .join(by_one, on="instrument", how="semi", maintain_order="left")
            .select("instrument", "event_ns", count=pl.col("missing").cast(pl.Float64))
        )

    return over_ticks(evidence, left_out)


def find_undelivered(evidence: Evidence) -> pl.DataFrame:
    """Numbers that never came, by source and life of it: source, epoch, count."""
    if evidence.delivered is None:
        return pl.DataFrame(schema={**EMPTY, "count": pl.Float64})
    return evidence.delivered.filter(pl.col("missing") > 0).select(
        "source", "epoch", count=pl.col("missing").cast(pl.Float64)
    )


MISSING_NUMBERS = Detector(
    "missing_number",
    f"a number is left out where {SHARE:.0%} of at least {LEAST} steps are by one",
    find_missing_numbers,
    "ticks",
    usual_steps,
)
UNDELIVERED = Detector(
    "undelivered_event",
    "a number of (source, epoch) below its highest never came",
    find_undelivered,
    "delivered",
)
