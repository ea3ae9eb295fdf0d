"""History of a bank over a frame of bars."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.clock import NS_PER_DAY
from tradeloop.errors import InputError
from tradeloop.features.bank import Bank
from tradeloop.features.base import CLOCK_INPUTS
from tradeloop.fold import Float

KEY = ("instrument", "event_ns", "received_ns")


def compute(bank: Bank, bars: pl.DataFrame) -> pl.DataFrame:
    """Features of every bar, each known once its bar and all before it were received.

    Parameters
    ----------
    bank : Bank
        What to compute.
    bars : polars.DataFrame of shape (n_rows, n_columns)
        Bars sorted by instrument and ``event_ns``, with a numeric column for each of
        ``bank.inputs``. A missing (null or NaN) input makes the features that read it
        missing in this row; they go on with the next row as if it had not been there.

    Returns
    -------
    polars.DataFrame of shape (n_rows, 3 + n_names)
        ``instrument``, ``event_ns``, ``received_ns`` and one Float64 column for each
        published feature, null where it is not known. Rows in the order of ``bars``.
        ``received_ns`` is the latest of the instrument so far: a bar that came late
        delays the rows after it.

    Raises
    ------
    InputError
        An input is absent or not numeric, or the rows are not sorted.
    """
    bounds = lane_bounds(bars)
    found = bank.panel(bank.state(len(bounds) - 1), input_rows(bank, bars), bounds)
    return bars.select(
        "instrument", "event_ns", pl.col("received_ns").cum_max().over("instrument")
    ).with_columns(
        pl.Series(name, values, pl.Float64, nan_to_null=True)
        for name, values in zip(bank.names, found, strict=True)
    )


def lane_bounds(bars: pl.DataFrame) -> NDArray[np.intp]:
    """First row of each instrument, and the count of rows: shape (n_lanes + 1,).

    Raises
    ------
    InputError
        An instrument's rows are apart, or its ``event_ns`` does not grow.
    """
    absent = [name for name in KEY if name not in bars.columns]
    if absent:
        raise InputError(
            f"Bars must have the columns {', '.join(KEY)}.",
            way_out="Read them with tradeloop.capture.",
            column=absent[0],
        )
    if bars.is_empty():
        return np.zeros(1, np.intp)
    same = (pl.col("instrument") == pl.col("instrument").shift()).fill_null(value=False)
    late = pl.col("event_ns") <= pl.col("event_ns").shift()
    marks = bars.select(start=~same, bad=(same & late).fill_null(value=False))
    starts = np.flatnonzero(marks["start"].to_numpy())
    wrong = np.flatnonzero(marks["bad"].to_numpy())
    if not wrong.size and starts.size != bars["instrument"].n_unique():
        repeated = bars["instrument"].gather(starts).is_first_distinct().not_()
        wrong = starts[repeated.to_numpy()]
    if wrong.size:
        raise InputError(
            "Bars must be sorted by instrument and event_ns, without duplicates.",
            way_out="Sort them, and keep one bar for each instrument and event_ns.",
            column="event_ns",
            row=int(wrong[0]),
        )
    return np.append(starts, bars.height).astype(np.intp)


def input_rows(bank: Bank, bars: pl.DataFrame) -> Float:
    """Return the inputs of a bank, shape (n_inputs, n_rows), NaN where missing."""
    rows = np.empty((len(bank.inputs), bars.height))
    for place, name in enumerate(bank.inputs):
        rows[place] = _input(bars, name)
    return rows


def _input(bars: pl.DataFrame, name: str) -> Float:
    if name in CLOCK_INPUTS:
        event_ns = bars["event_ns"].to_numpy()
        day, rest = np.divmod(event_ns, NS_PER_DAY)
        return (day if name == CLOCK_INPUTS[0] else rest).astype(np.float64)
    if name not in bars.columns:
        raise InputError(
            f"A feature reads the column {name!r}, which the bars do not have.",
            way_out="Join it to the bars by the time it was known, or leave the "
            "feature out of the bank.",
            column=name,
        )
    column = bars[name]
    if not column.dtype.is_numeric() and column.dtype != pl.Null:
        raise InputError(
            f"A feature's input must be numeric, was {column.dtype}.",
            way_out="Cast it to Float64.",
            column=name,
        )
    return column.cast(pl.Float64).fill_null(np.nan).to_numpy()
