"""Stale quotes: rows that repeat the same values for longer than is usual.

What is usual is learned from the past: ten times the 95 % quantile of the last 200
spells between two changes. A market that is closed sends no rows and is not stale.
"""

import polars as pl

from tradeloop.capture.cleaning.base import Arrivals, Flag, Marks, Planted, changed
from tradeloop.capture.cleaning.windows import MISSING, unchanged_too_long
from tradeloop.clock import NS_PER_DAY

WIDTH, LEAST, LIMIT = 200, 20, 10.0
"""Spells in the window, spells before a row is judged, bound in usual spells."""

_VALUES = ("open", "high", "low", "close", "bid", "ask", "bid_size", "ask_size")


def _mark(arrivals: Arrivals) -> Marks:
    names = [n for n in _VALUES if n in arrivals.record.schema and arrivals.has(n)]
    if not names:
        return arrivals.none()
    same = pl.all_horizontal(pl.col(n).eq_missing(pl.col(n).shift(1)) for n in names)
    found: Marks = unchanged_too_long(
        arrivals.integers(pl.col("event_ns"), MISSING),
        arrivals.where(same),
        arrivals.first,
        WIDTH,
        LEAST,
        LIMIT,
    )
    return found


def _plant(frame: pl.DataFrame, row: int) -> Planted:
    """Repeat a row a year later: no clean frame has spells of weeks."""
    times = ("event_ns", "received_ns", "open_ns")
    later = {name: pl.col(name) + 365 * NS_PER_DAY for name in times}
    held = {name: pl.col(name).shift(1) for name in _VALUES}
    after = range(row, frame.height)
    return changed(changed(frame, [row], **held), after, **later), (row,)


STALE = Flag(
    name="stale",
    bit=4,
    meaning="the values are repeated for longer than is usual",
    rule=f"unchanged for more than {LIMIT:g} times the 95 % quantile of the last "
    f"{WIDTH} spells, from {LEAST} on",
    kinds=("quote", "bar"),
    mark=_mark,
    plant=_plant,
)
