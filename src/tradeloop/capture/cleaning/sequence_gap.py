"""Gaps in sequence: numbers of the source that never came.

Not every number counts messages: the update id of a best quote jumps with the whole
book. So it is learned whether a source counts by one: at least 19 of 20 steps so far.
An update of a book says for itself which number it follows.
"""

import polars as pl

from tradeloop.capture.cleaning.base import Arrivals, Flag, Marks, Planted, changed
from tradeloop.capture.cleaning.windows import MISSING, numbers_left_out

LEAST, SHARE = 20, 0.95
"""Steps before a row is judged, and the share of them that must be by one."""

_NUMBERED = (
    "sequence",
    "trade_id",
    "first_sequence",
    "last_sequence",
    "previous_sequence",
)
_SKIPPED = 7


def _number(name: str) -> pl.Expr:
    # An id can be any text; one that is no number has no place in a row of numbers.
    return pl.col(name).cast(pl.Int64, strict=False)


def _mark(arrivals: Arrivals) -> Marks:
    if arrivals.record.kind == "book_delta":
        return _book(arrivals)
    names = [n for n in ("sequence", "trade_id") if arrivals.has(n)]
    if not names:
        return arrivals.none()
    number = arrivals.integers(_number(names[0]), MISSING)
    found: Marks = numbers_left_out(number, number, arrivals.first, LEAST, SHARE)
    return found


def _book(arrivals: Arrivals) -> Marks:
    """Mark updates that do not follow the update before; snapshots follow nothing."""
    low, high = pl.col("first_sequence"), pl.col("last_sequence")
    update = ~pl.col("is_snapshot")
    latest = pl.when(update).then(high).forward_fill().over("instrument")
    before = latest.shift(1).over("instrument")
    new = high > before
    told = pl.col("previous_sequence")
    gap = pl.when(told.is_null()).then(low > before + 1).otherwise(told > before)
    return arrivals.where(update & new & gap)


def _plant(frame: pl.DataFrame, row: int) -> Planted:
    after = range(row, frame.height)
    later = {name: _number(name) + _SKIPPED for name in _NUMBERED}
    return changed(frame, after, **later), (row,)


SEQUENCE_GAP = Flag(
    name="sequence_gap",
    bit=6,
    meaning="numbers of the source are missing before this row",
    rule=f"number > highest so far + 1, where {SHARE:.0%} of at least {LEAST} steps "
    "were by one; of a book: an update that does not follow the one before",
    kinds=("quote", "trade", "book_delta"),
    mark=_mark,
    plant=_plant,
)
