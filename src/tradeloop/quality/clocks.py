"""Clocks: what was received before it happened, and what was received very late.

A bar is late when it took longer than one interval and longer than 4 times the median
delay of its instrument: a constant stated latency is known and late for nobody.
"""

import polars as pl

from tradeloop.quality.base import Detector, Evidence

FACTOR = 4.0
_COLUMNS = ("instrument", "event_ns", "received_ns")
DELAY = pl.col("received_ns") - pl.col("event_ns")


def find_behind(evidence: Evidence) -> pl.DataFrame:
    """Find what was received before it happened, by its own clocks.

    Parameters
    ----------
    evidence : Evidence
        Its bars, ticks, decisions and fills, and the rows that capture had to cut.

    Returns
    -------
    polars.DataFrame of shape (n_found, 6)
        instrument, event_ns, received_ns, row, kind, count; the rows that were cut are
        one row with their count and nothing else.
    """
    frames = {
        "bar": evidence.bars,
        **evidence.ticks,
        "decision": evidence.decisions,
        "fill": evidence.fills,
    }
    behind = [
        frame.select(*_COLUMNS, row=pl.int_range(pl.len(), dtype=pl.UInt32))
        .filter(DELAY < 0)
        .with_columns(kind=pl.lit(kind), count=pl.lit(1.0))
        for kind, frame in frames.items()
        if frame is not None
    ]
    whole = pl.concat(behind)
    if evidence.rows.clock_cut:
        cut = pl.DataFrame({"count": [float(evidence.rows.clock_cut)]})
        whole = pl.concat([whole, cut], how="diagonal")
    return whole


def usual_delay(evidence: Evidence) -> pl.DataFrame:
    """Limit of the delay of bars: instrument, limit_ns."""
    limit = pl.max_horizontal(
        FACTOR * DELAY.median(), pl.lit(float(evidence.interval_ns))
    )
    return evidence.bars.group_by("instrument").agg(limit.alias("limit_ns"))


def find_late(evidence: Evidence) -> pl.DataFrame:
    """Bars received much later than is usual.

    Parameters
    ----------
    evidence : Evidence
        Its bars.

    Returns
    -------
    polars.DataFrame of shape (n_found, 4)
        instrument, event_ns, received_ns, row.
    """
    return (
        evidence.bars.select(*_COLUMNS, row=pl.int_range(pl.len()))
        .join(evidence.usual_for(LATE), on="instrument", how="left")
        .filter(pl.col("limit_ns") < DELAY)
        .select(*_COLUMNS, "row")
    )


BEHIND = Detector(
    "receive_clock_behind", "received_ns < event_ns", find_behind, "stamped"
)
LATE = Detector(
    "late_bar",
    f"delay > one interval and > {FACTOR:g} x the median delay",
    find_late,
    learn=usual_delay,
)
