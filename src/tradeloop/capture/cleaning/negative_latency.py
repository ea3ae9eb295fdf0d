"""Negative latency: a row that was received before it happened, by its own clocks."""

import polars as pl

from tradeloop.capture.cleaning.base import (
    OWN_EVENT,
    OWN_RECEIVED,
    Arrivals,
    Flag,
    Marks,
    Planted,
    changed,
)


def _mark(arrivals: Arrivals) -> Marks:
    if not arrivals.has(OWN_EVENT, OWN_RECEIVED):
        return arrivals.none()
    return arrivals.where(pl.col(OWN_RECEIVED) < pl.col(OWN_EVENT))


def _plant(frame: pl.DataFrame, row: int) -> Planted:
    return changed(frame, [row], own_received_ns=pl.col(OWN_EVENT) - 1), (row,)


NEGATIVE_LATENCY = Flag(
    name="negative_latency",
    bit=5,
    meaning="received before it happened, by its own two clocks",
    rule="own received time < own event time, as read",
    kinds=(),
    mark=_mark,
    plant=_plant,
)
