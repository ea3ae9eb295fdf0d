"""History of a bank over a table of bars."""

import numpy as np
import polars as pl

from tradeloop.features.bank import Bank
from tradeloop.features.base import BAR_CLOCK, stream_of
from tradeloop.features.frames import (
    ArrowStream,
    frame_of,
    input_column,
    known_by,
    lane_bounds,
    series,
)
from tradeloop.features.streams import compute_streams
from tradeloop.features.timeframes import interval_of
from tradeloop.fold import Float


def compute(bank: Bank, bars: ArrowStream) -> pl.DataFrame:
    """Features of every bar, each known once its bar and all before it were received.

    Parameters
    ----------
    bank : Bank
        What to compute. Longer timeframes are made of the bars; for other streams
        beside them see `tradeloop.features.compute_streams`.
    bars : table of shape (n_rows, n_columns)
        Anything with ``__arrow_c_stream__`` (Polars, pyarrow, pandas, DuckDB), or a
        lazy frame of Polars, which is collected; sorted
        by instrument and ``event_ns``, with a numeric column for each of
        ``bank.inputs``. A missing (null or NaN) input makes the features that read it
        missing in this row; they go on with the next row as if it had not been there.
        Float64 columns in one piece without nulls are read where they stand.

    Returns
    -------
    polars.DataFrame of shape (n_rows, 3 + n_names)
        ``instrument``, ``event_ns``, ``received_ns`` and one Float64 column for each
        published feature, null where it is not known. Rows in the order of ``bars``.
        ``received_ns`` is the latest of the instrument so far: a bar that came late
        delays the rows after it. It is Arrow memory, and has ``__arrow_c_stream__``.

    Raises
    ------
    InputError
        It is no table, an input is absent or not numeric, or the rows are not sorted.
    """
    frame = frame_of(bars)
    if any(interval_of(stream_of(name)) for name in bank.inputs):
        return compute_streams(bank, {BAR_CLOCK: frame})
    bounds = lane_bounds(frame)
    inputs = [input_column(frame, name) for name in bank.inputs]
    found = bank.panel(bank.state(len(bounds) - 1), inputs, bounds)
    return frame.select("instrument", "event_ns").with_columns(
        pl.Series("received_ns", known_by(frame, bounds)), *series(bank.names, found)
    )


def input_rows(bank: Bank, bars: pl.DataFrame) -> Float:
    """Return the inputs of a bank, shape (n_inputs, n_rows), NaN where missing."""
    rows = np.empty((len(bank.inputs), bars.height))
    for place, name in enumerate(bank.inputs):
        rows[place] = input_column(bars, name)
    return rows
