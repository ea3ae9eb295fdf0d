"""Late ticks: received much later than is usual, or than the source states.

A tick is late when its delay is more than 10 s and more than 20 times the median delay
of its instrument. It is over the stated latency when its source states one and it took
longer.
"""

import polars as pl

from tradeloop.clock import NS_PER_SECOND
from tradeloop.quality.anomalies.streams import EMPTY, over_ticks
from tradeloop.quality.base import Detector, Evidence
from tradeloop.quality.clocks import DELAY

LEAST_NS, FACTOR = 10 * NS_PER_SECOND, 20.0
_VENUE = r"\.([A-Z0-9_]{2,})$"


def source_of(instrument: pl.Expr) -> pl.Expr:
    """Return the source of an instrument: its part after the last dot, or nothing."""
    return instrument.str.extract(_VENUE).fill_null("")


def usual_delays(evidence: Evidence) -> pl.DataFrame:
    """Learn the limit of the delay: instrument, kind, limit_ns."""
    limit = pl.max_horizontal(pl.lit(float(LEAST_NS)), FACTOR * DELAY.median())
    tables = [
        frame.group_by("instrument").agg(limit.alias("limit_ns"), kind=pl.lit(kind))
        for kind, frame in evidence.ticks.items()
    ]
    schema = {"instrument": pl.String, "limit_ns": pl.Float64, "kind": pl.String}
    return pl.concat(tables) if tables else pl.DataFrame(schema=schema)


def find_late_ticks(evidence: Evidence) -> pl.DataFrame:
    """Ticks received much later than is usual.

    Returns
    -------
    polars.DataFrame of shape (n_found, 5)
        instrument, event_ns, received_ns, row, kind.
    """
    usual = evidence.usual_for(LATE_TICK)

    def late(frame: pl.DataFrame, kind: str) -> pl.DataFrame:
        limits = usual.filter(pl.col("kind") == kind).drop("kind")
        return (
            frame.select("instrument", "event_ns", "received_ns", "row")
            .filter(DELAY > LEAST_NS)
            .join(limits, on="instrument", how="inner", maintain_order="left")
            .filter(pl.col("limit_ns") < DELAY)
            .drop("limit_ns")
        )

    return over_ticks(evidence, late)


def stated_of(evidence: Evidence) -> pl.Expr:
    """Return the latency that the source of a row states, ns; null where none does."""
    stated = dict(evidence.stated_ns)
    name = pl.col("instrument")
    if not stated:
        return pl.lit(None, pl.Int64)
    return pl.coalesce(
        each.replace_strict(stated, default=None, return_dtype=pl.Int64)
        for each in (name, source_of(name))
    )


def find_over_stated(evidence: Evidence) -> pl.DataFrame:
    """Find ticks that took longer than their source states, as `find_late_ticks`."""
    if not evidence.stated_ns:
        return pl.DataFrame(schema=EMPTY)

    def over(frame: pl.DataFrame, kind: str) -> pl.DataFrame:  # noqa: ARG001
        rows = frame.select("instrument", "event_ns", "received_ns", "row")
        return rows.filter(stated_of(evidence) < DELAY)

    return over_ticks(evidence, over)


LATE_TICK = Detector(
    "late_tick",
    f"delay > {LEAST_NS // NS_PER_SECOND} s and > {FACTOR:g} x the median delay",
    find_late_ticks,
    "ticks",
    usual_delays,
)
OVER_STATED = Detector(
    "over_stated_latency",
    "delay > the latency that the source states",
    find_over_stated,
    "stated",
)
