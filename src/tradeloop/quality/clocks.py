"""Clocks: what was received before it happened, and what was received very late.

A bar is late when it took longer than one interval and longer than 4 times the median
delay of its instrument: a constant stated latency is known and late for nobody.
"""

import polars as pl

from tradeloop.quality.base import Detector, Evidence

FACTOR = 4.0


def find_behind(evidence: Evidence) -> pl.DataFrame:
    """Find what was received before it happened, by its own clocks.

    Parameters
    ----------
    evidence : Evidence
        Its bars, decisions and fills, and the rows that capture had to cut.

    Returns
    -------
    polars.DataFrame of shape (n_found, 4)
        instrument, event_ns, received_ns, count; the rows that were cut are one row
        with their count and nothing else.
    """
    frames = (evidence.bars, evidence.decisions, evidence.fills)
    columns = ("instrument", "event_ns", "received_ns")
    behind = pl.concat(
        frame.select(columns).filter(pl.col("received_ns") < pl.col("event_ns"))
        for frame in frames
        if frame is not None
    ).with_columns(count=pl.lit(1.0))
    cut = pl.DataFrame({"count": [float(evidence.rows.clock_cut)]})
    whole = pl.concat([behind, cut], how="diagonal")
    return whole.filter(pl.col("count") > 0)


def find_late(evidence: Evidence) -> pl.DataFrame:
    """Bars received much later than is usual.

    Parameters
    ----------
    evidence : Evidence
        Its bars.

    Returns
    -------
    polars.DataFrame of shape (n_found, 3)
        instrument, event_ns, received_ns.
    """
    delay = pl.col("received_ns") - pl.col("event_ns")
    usual = FACTOR * delay.median().over("instrument")
    late = (delay > evidence.interval_ns) & (delay > usual)
    return evidence.bars.filter(late).select("instrument", "event_ns", "received_ns")


BEHIND = Detector("receive_clock_behind", "received_ns < event_ns", find_behind)
LATE = Detector(
    "late_bar",
    f"delay > one interval and > {FACTOR:g} x the median delay",
    find_late,
)
