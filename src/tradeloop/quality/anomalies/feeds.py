"""Frozen feeds and far prices of ticks, by the flags of capture.

The rules are those of `tradeloop.capture.cleaning`, which look back only: a quote that
repeats its values for longer than is usual, and a price far from the median of the
past.
"""

from collections.abc import Callable

import polars as pl

from tradeloop.capture.cleaning import ALL, marks_of
from tradeloop.events import BOOK_DELTA, QUOTE, TRADE
from tradeloop.quality.anomalies.streams import over_ticks
from tradeloop.quality.base import Detector, Evidence

_RECORDS = {each.kind: each for each in (QUOTE, TRADE, BOOK_DELTA)}
_FLAGS = {flag.name: flag for flag in ALL}


def _marked(flag: str) -> Callable[[Evidence], pl.DataFrame]:
    def marked(frame: pl.DataFrame, kind: str) -> pl.DataFrame:
        marks = marks_of(frame.drop("row"), _RECORDS[kind], _FLAGS[flag])
        return frame.filter(pl.Series(marks)).select("instrument", "event_ns", "row")

    def find(evidence: Evidence) -> pl.DataFrame:
        return over_ticks(evidence, marked)

    return find


FROZEN_FEED = Detector("frozen_feed", _FLAGS["stale"].rule, _marked("stale"), "ticks")
FAR_TICK = Detector("far_tick", _FLAGS["outlier"].rule, _marked("outlier"), "ticks")
