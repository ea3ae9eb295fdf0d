"""Crossed quotes: the best bid stands above the best ask."""

import polars as pl

from tradeloop.quality.anomalies.streams import over_ticks
from tradeloop.quality.base import Detector, Evidence


def find_crossed(evidence: Evidence) -> pl.DataFrame:
    """Quotes with bid > ask > 0: instrument, event_ns, bid, ask, row, kind."""
    return over_ticks(evidence, _crossed)


def _crossed(frame: pl.DataFrame, kind: str) -> pl.DataFrame:
    columns = ("instrument", "event_ns", "row")
    if kind != "quote":
        return frame.select(columns).clear()
    crossed = (pl.col("bid") > pl.col("ask")) & (pl.col("ask") > 0)
    return frame.filter(crossed).select(*columns, "bid", "ask")


CROSSED = Detector("crossed_quote", "bid > ask > 0", find_crossed, "quotes")
"""A crossed quote contradicts itself."""
