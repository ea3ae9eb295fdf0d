"""Tables of any library as columns that a bank reads, and its columns as a table."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from tradeloop.clock import NS_PER_DAY
from tradeloop.errors import InputError
from tradeloop.features.base import BAR_CLOCK, CLOCK_INPUTS, stream_of
from tradeloop.features.validity import validity
from tradeloop.fold import Float, compiled

KEY = ("instrument", "event_ns", "received_ns")


class ArrowStream(Protocol):
    """A table of any library that speaks Arrow's C stream."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Hand the table over."""


def frame_of(table: object) -> pl.DataFrame:
    """Return a table of any library as a frame; a lazy one of Polars is collected.

    Raises
    ------
    InputError
        It is no table.
    """
    if isinstance(table, pl.DataFrame):
        return table
    if isinstance(table, pl.LazyFrame):
        return table.collect()
    if hasattr(table, "__arrow_c_stream__") or isinstance(table, Mapping):
        return pl.DataFrame(table)
    raise InputError(
        f"Rows must come as a table, came as {type(table).__name__}.",
        way_out="Give a frame of Polars or pandas, or an Arrow table.",
        source="compute",
    )


def series(names: Sequence[str], found: Sequence[Float] | Float) -> list[pl.Series]:
    """Columns as Arrow memory without a copy of the values; NaN becomes null."""
    made = []
    for name, values in zip(names, found, strict=True):
        bits, missing = validity(values)
        buffers = [pa.py_buffer(bits) if missing else None, pa.py_buffer(values)]
        column = pa.Array.from_buffers(pa.float64(), values.size, buffers, missing)
        made.append(pl.Series(name, column))
    return made


def known_by(frame: pl.DataFrame, bounds: NDArray[np.intp]) -> NDArray[np.int64]:
    """Return when each row and all before it of its lane were received."""
    return latest(whole_ns(frame, "received_ns"), bounds)


def latest(times_ns: NDArray[np.int64], bounds: NDArray[np.intp]) -> NDArray[np.int64]:
    """Return the latest time of each row and all before it of its lane."""
    return _latest(times_ns, bounds)  # type: ignore[no-any-return]


def whole_ns(frame: pl.DataFrame, name: str) -> NDArray[np.int64]:
    """Return a column of times as int64 nanoseconds.

    Raises
    ------
    InputError
        A time is missing, or the column holds neither whole numbers nor instants.
    """
    column = frame[name]
    if isinstance(column.dtype, pl.Datetime):
        column = column.dt.cast_time_unit("ns")
    elif not column.dtype.is_integer() and column.len():
        raise InputError(
            f"A time must be a whole number of nanoseconds, was {column.dtype}.",
            way_out="Cast it to Int64, or to Datetime.",
            column=name,
        )
    if column.null_count():
        raise InputError(
            "A time is missing.",
            way_out="Leave the row out, or give it a time.",
            column=name,
            row=int(column.is_null().arg_true()[0]),
        )
    return column.cast(pl.Int64).to_numpy()


@compiled
def _latest(received_ns: Any, bounds: Any) -> Any:
    found = np.empty_like(received_ns)
    for lane in range(bounds.size - 1):
        for row in range(bounds[lane], bounds[lane + 1]):
            found[row] = received_ns[row]
            if row > bounds[lane]:
                found[row] = max(found[row], found[row - 1])
    return found


@compiled
def _first_unordered(event_ns: Any, bounds: Any) -> Any:
    """First row that is not later than the one before it of its lane; -1: none."""
    for lane in range(bounds.size - 1):
        for row in range(bounds[lane] + 1, bounds[lane + 1]):
            if event_ns[row] <= event_ns[row - 1]:
                return row
    return -1


def lane_bounds(bars: pl.DataFrame) -> NDArray[np.intp]:
    """First row of each instrument, and the count of rows: shape (n_lanes + 1,).

    Raises
    ------
    InputError
        An instrument's rows are apart, or its ``event_ns`` does not grow.
    """
    bounds = instrument_bounds(bars)
    wrong = _first_unordered(whole_ns(bars, "event_ns"), bounds) if bars.height else -1
    if wrong >= 0:
        _refuse_order(int(wrong))
    return bounds


def instrument_bounds(frame: pl.DataFrame) -> NDArray[np.intp]:
    """As `lane_bounds`, whatever the order of the times.

    Raises
    ------
    InputError
        A column of the key is absent, or an instrument's rows are apart.
    """
    require_key(frame)
    if frame.is_empty():
        return np.zeros(1, np.intp)
    runs = frame["instrument"].rle().struct
    names, lengths = runs.field("value"), runs.field("len").to_numpy()
    bounds = np.concatenate([[0], np.cumsum(lengths)]).astype(np.intp)
    if names.n_unique() != names.len():
        repeated = names.is_first_distinct().not_().arg_true()
        _refuse_order(int(bounds[repeated[0]]))
    return bounds


def require_key(frame: pl.DataFrame, what: str = "Bars") -> None:
    """Refuse rows that do not say whose they are, and when.

    Raises
    ------
    InputError
        A column of the key is absent.
    """
    absent = [name for name in KEY if name not in frame.columns]
    if absent:
        raise InputError(
            f"{what} must have the columns {', '.join(KEY)}.",
            way_out="Read them with tradeloop.capture.",
            column=absent[0],
        )


def _refuse_order(row: int) -> None:
    raise InputError(
        "Bars must be sorted by instrument and event_ns, without duplicates.",
        way_out="Sort them, and keep one bar for each instrument and event_ns.",
        column="event_ns",
        row=row,
    )


def input_column(frame: pl.DataFrame, name: str, stream: str = BAR_CLOCK) -> Float:
    """Return a raw column as float64, NaN where missing; no copy where that is so.

    Parameters
    ----------
    frame : polars.DataFrame
        Rows of a stream.
    name : str
        Raw column, with its stream before a point.
    stream : str
        Stream of the frame, whose columns stand without it. A frame of one table for
        several streams keeps the whole names.
    """
    short = name.partition(".")[2] if stream_of(name) == stream != BAR_CLOCK else name
    if short in CLOCK_INPUTS and short not in frame.columns:
        day, rest = np.divmod(whole_ns(frame, "event_ns"), NS_PER_DAY)
        return (day if short == CLOCK_INPUTS[0] else rest).astype(np.float64)
    if short not in frame.columns:
        raise InputError(
            f"A feature reads the column {name!r}, which the rows do not have.",
            way_out="Join it to the rows by the time it was known, or leave the "
            "feature out of the bank.",
            column=name,
        )
    column = frame[short]
    if not column.dtype.is_numeric() and column.dtype not in (pl.Null, pl.Boolean):
        raise InputError(
            f"A feature's input must be numeric, was {column.dtype}.",
            way_out="Cast it to Float64.",
            column=name,
        )
    if column.null_count():
        column = column.cast(pl.Float64).fill_null(np.nan)
    return column.cast(pl.Float64).to_numpy()
