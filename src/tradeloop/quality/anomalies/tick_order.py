"""Ticks that come twice, and ticks that come after a later one.

A tick comes twice when all of it but the time of receipt was there before: a source
that sends the same price again at the same time, without a number, is taken to repeat
itself.
"""

import polars as pl

from tradeloop.quality.anomalies.streams import identity_of, over_ticks
from tradeloop.quality.base import Detector, Evidence


def _again(frame: pl.DataFrame, kind: str) -> pl.DataFrame:  # noqa: ARG001
    names = identity_of(frame)
    # Most rows have a time of their own: only the others are compared cell by cell.
    shared = frame.select("instrument", "event_ns").is_duplicated()
    some = frame.filter(shared)
    again = ~some.select(pl.struct(names).is_first_distinct()).to_series()
    return some.filter(again).select("instrument", "event_ns", "row")


def find_repeated(evidence: Evidence) -> pl.DataFrame:
    """Ticks that were there before: instrument, event_ns, row, kind."""
    return over_ticks(evidence, _again)


def _back(frame: pl.DataFrame, kind: str) -> pl.DataFrame:  # noqa: ARG001
    newest = pl.col("event_ns").cum_max().over("instrument")
    return frame.select("instrument", "event_ns", "row").filter(
        pl.col("event_ns") < newest
    )


def find_back(evidence: Evidence) -> pl.DataFrame:
    """Ticks that come after a later one of theirs: instrument, event_ns, row, kind."""
    return over_ticks(evidence, _back)


REPEATED = Detector(
    "duplicate_tick",
    "equal to an earlier tick in all but received_ns",
    find_repeated,
    "ticks",
)
BACK = Detector("unsorted_tick", "event_ns below an earlier tick's", find_back, "ticks")
