"""Out of order: a row that came after a later one of its instrument."""

import numpy as np
import polars as pl

from tradeloop.capture.cleaning.base import Arrivals, Flag, Marks, Planted, changed
from tradeloop.capture.cleaning.windows import MISSING


def _mark(arrivals: Arrivals) -> Marks:
    at_ns = arrivals.integers(pl.col("event_ns"), MISSING)
    starts = np.flatnonzero(arrivals.first)
    found = arrivals.none()
    for begin, end in zip(starts, np.append(starts, at_ns.size)[1:], strict=True):
        part = at_ns[begin:end]
        found[begin:end] = (part < np.maximum.accumulate(part)) & (part != MISSING)
    return found


def _plant(frame: pl.DataFrame, row: int) -> Planted:
    return changed(frame, [row], event_ns=pl.col("event_ns").min() - 1), (row,)


OUT_OF_ORDER = Flag(
    name="out_of_order",
    bit=7,
    meaning="came after a later row of its instrument",
    rule="event_ns < the largest event_ns before it, in the order of arrival",
    kinds=("quote", "trade", "bar", "book_delta", "option_quote", "series"),
    mark=_mark,
    plant=_plant,
)
