"""All cleaning flags, and the int64 column of their bits."""

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.capture.cleaning.base import QUALITY_FLAGS, Arrivals, Flag, Marks
from tradeloop.capture.cleaning.clock_fault import CLOCK_FAULT
from tradeloop.capture.cleaning.crossed import CROSSED
from tradeloop.capture.cleaning.duplicate import DUPLICATE
from tradeloop.capture.cleaning.locked import LOCKED
from tradeloop.capture.cleaning.negative_latency import NEGATIVE_LATENCY
from tradeloop.capture.cleaning.out_of_order import OUT_OF_ORDER
from tradeloop.capture.cleaning.outlier import OUTLIER
from tradeloop.capture.cleaning.sequence_gap import SEQUENCE_GAP
from tradeloop.capture.cleaning.stale import STALE
from tradeloop.events import Record

ALL: tuple[Flag, ...] = (
    CROSSED,
    LOCKED,
    DUPLICATE,
    OUTLIER,
    STALE,
    NEGATIVE_LATENCY,
    SEQUENCE_GAP,
    OUT_OF_ORDER,
    CLOCK_FAULT,
)
"""Every flag, in the order of its bits."""

_LANES = ("instrument", "series")


def quality_flags(frame: pl.DataFrame, record: Record) -> pl.Series:
    """Mark the rows of one source.

    Parameters
    ----------
    frame : polars.DataFrame of shape (n_rows, any)
        Columns of the record, in the order of arrival: that of the file. Where the
        clocks as read are known they stand in ``own_event_ns`` and ``own_received_ns``.
        A missing number is null; NaN never stands in it.
    record : Record
        Kind of the rows.

    Returns
    -------
    polars.Series of Int64, shape (n_rows,)
        Named ``quality_flags``: the sum of ``2 ** bit`` of the flags that mark the row;
        0 where none does. `ALL` lists the bits.
    """
    bits = np.zeros(frame.height, np.int64)
    if frame.height == 0:
        return pl.Series(QUALITY_FLAGS, bits, dtype=pl.Int64)
    arrivals, order = _arrivals(frame, record)
    for flag in ALL:
        if flag.judges(record.kind):
            bits |= flag.mark(arrivals).astype(np.int64) << flag.bit
    if order is not None:
        placed = np.empty_like(bits)
        placed[order] = bits
        bits = placed
    return pl.Series(QUALITY_FLAGS, bits, dtype=pl.Int64)


def marks_of(frame: pl.DataFrame, record: Record, flag: Flag) -> Marks:
    """Return the marks of one flag, shape (n_rows,), in the order of the frame."""
    if not flag.judges(record.kind):
        return np.zeros(frame.height, np.bool_)
    arrivals, order = _arrivals(frame, record)
    marks = flag.mark(arrivals)
    if order is None:
        return marks
    placed = np.empty_like(marks)
    placed[order] = marks
    return placed


def flag_counts(bits: pl.Series) -> Mapping[str, int]:
    """Count the rows that each flag marks; flags that mark none are absent."""
    values, rows = np.unique(bits.to_numpy(), return_counts=True)
    counts = {flag.name: int(rows[(values >> flag.bit) & 1 == 1].sum()) for flag in ALL}
    return {name: count for name, count in counts.items() if count}


def flag_names(bits: int) -> tuple[str, ...]:
    """Name the flags of one value of the column."""
    return tuple(flag.name for flag in ALL if bits >> flag.bit & 1)


def _arrivals(
    frame: pl.DataFrame, record: Record
) -> tuple[Arrivals, NDArray[np.int64] | None]:
    """Bring the rows instrument by instrument; say where each of them stood."""
    lane = next((name for name in _LANES if name in record.schema), None)
    if lane is None or frame.height == 0:
        first = np.zeros(frame.height, np.bool_)
        first[:1] = True
        return Arrivals(record, frame, first), None
    first = _begins(frame[lane])
    order = None
    if first.sum() > frame[lane].n_unique():
        order = np.argsort(frame[lane].rank("dense").to_numpy(), kind="stable")
        frame = frame[order]
        first = _begins(frame[lane])
    return Arrivals(record, frame, first), order


def _begins(lane: pl.Series) -> Marks:
    new: Marks = lane.ne_missing(lane.shift(1)).to_numpy()
    new = new.copy()
    new[:1] = True
    return new
