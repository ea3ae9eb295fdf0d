"""Clock faults: the lag between the two clocks of a source gives way at once.

The lag of receipt is the offset of the two clocks and the way, and waiting only makes
it longer. A lag below all of the last 301 by more than ten times their spread (median
less minimum) cannot come from the way: one of the clocks was set. A clock that was set
to make lags longer looks like waiting from row to row; `compare_clocks` finds it in
whole files.
"""

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
from tradeloop.capture.cleaning.windows import below_the_floor
from tradeloop.clock import NS_PER_DAY

WIDTH, LEAST, LIMIT = 301, 20, 10.0
"""Lags in the window, lags before a row is judged, bound in spreads."""


def _mark(arrivals: Arrivals) -> Marks:
    if not arrivals.has(OWN_EVENT, OWN_RECEIVED):
        return arrivals.none()
    lag = arrivals.floats(pl.col(OWN_RECEIVED) - pl.col(OWN_EVENT))
    own = (OWN_EVENT, OWN_RECEIVED)
    # The levels of one message have one pair of times: it counts once.
    again = pl.all_horizontal(pl.col(n) == pl.col(n).shift(1) for n in own)
    found: Marks = below_the_floor(
        lag, arrivals.where(again), arrivals.first, WIDTH, LEAST, LIMIT
    )
    return found


def _plant(frame: pl.DataFrame, row: int) -> Planted:
    after = range(row, frame.height)
    early = pl.col(OWN_RECEIVED) - NS_PER_DAY
    return changed(frame, after, own_received_ns=early), (row,)


CLOCK_FAULT = Flag(
    name="clock_fault",
    bit=8,
    meaning="the lag between the two clocks fell below all that the way allows",
    rule=f"lag < minimum of the last {WIDTH} lags - {LIMIT:g} (median - minimum), from "
    f"{LEAST} on",
    kinds=("quote", "trade", "book_delta", "option_quote"),
    mark=_mark,
    plant=_plant,
)
