"""Outliers: prices that stand far from the median of the past.

``abs(log price - m) > 20 max(1.4826 MAD, smallest move)`` with m and the MAD of the
last 101 prices that differ from the one before, and the smallest move so far. Twenty,
because returns of liquid markets have fat tails: a lower bar would call news an error.
Changes, because a quote that stands still for a hundred rows has no spread to measure
by. After a true jump rows are marked until the median has followed, 51 changes at most.
A pause of more than a day that is longer than the window spans begins it anew.

References
----------
Hampel, The influence curve and its role in robust estimation (1974); Brownlees and
Gallo, Financial econometric analysis at ultra-high frequency (2006), whose floor under
the scale the smallest move takes over.
"""

import polars as pl

from tradeloop.capture.cleaning.base import (
    Arrivals,
    Flag,
    Marks,
    Planted,
    changed,
    price_of,
)
from tradeloop.capture.cleaning.windows import far_from_median

WIDTH, LEAST, LIMIT = 101, 20, 20.0
"""Changes in the window, changes before a row is judged, bound in deviations."""


def _mark(arrivals: Arrivals) -> Marks:
    price = price_of(arrivals.record)
    if price is None:
        return arrivals.none()
    known = pl.when(price > 0).then(price).log()
    values = arrivals.floats(known)
    at_ns = arrivals.integers(pl.col("event_ns"), 0)
    found: Marks = far_from_median(values, at_ns, arrivals.first, WIDTH, LEAST, LIMIT)
    return found


def _plant(frame: pl.DataFrame, row: int) -> Planted:
    names = ("price", "bid", "ask", "open", "high", "low", "close")
    far = {name: pl.col(name) * 2 for name in names}
    return changed(frame, [row], **far), (row,)


OUTLIER = Flag(
    name="outlier",
    bit=3,
    meaning="the price stands far from the median of the past",
    rule=f"abs(log price - median) > {LIMIT:g} max(1.4826 MAD, smallest move) of the "
    f"last {WIDTH} changes, from {LEAST} on",
    kinds=("quote", "trade", "bar"),
    mark=_mark,
    plant=_plant,
)
