"""What a cleaning flag is, and what it looks at.

A flag marks rows. It never drops, changes or moves one: what is odd stays in the data,
and whoever uses it decides. A mark is one bit of the column `QUALITY_FLAGS`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.events import Record

Marks: TypeAlias = NDArray[np.bool_]
Planted: TypeAlias = tuple[pl.DataFrame, tuple[int, ...]]
"""A frame with one fault, and the rows that must be marked for it."""

QUALITY_FLAGS = "quality_flags"
"""Name of the int64 column that holds the bits of all flags."""

OWN_EVENT, OWN_RECEIVED = "own_event_ns", "own_received_ns"
"""The two clocks of a row as read, before the event time was cut; both may be null."""


@dataclass(frozen=True, eq=False, slots=True)
class Arrivals:
    """Rows of one record, instrument by instrument, each in the order of arrival.

    Parameters
    ----------
    record : Record
        Kind of the rows.
    frame : polars.DataFrame of shape (n_rows, any)
        Columns of the record, and `OWN_EVENT` and `OWN_RECEIVED` where they are known.
    first : ndarray of bool, shape (n_rows,)
        True at the first row of each instrument.
    """

    record: Record
    frame: pl.DataFrame
    first: Marks

    def has(self, *names: str) -> bool:
        """Tell whether all columns are there and each holds a value."""
        return all(
            name in self.frame.columns
            and self.frame[name].null_count() < self.frame.height
            for name in names
        )

    def floats(self, expression: pl.Expr) -> NDArray[np.float64]:
        """Return an expression as floats, NaN where it is missing."""
        values = self.frame.select(expression.cast(pl.Float64).alias("x")).to_series()
        return values.fill_null(np.nan).to_numpy()

    def integers(self, expression: pl.Expr, missing: int) -> NDArray[np.int64]:
        """Return an expression as whole numbers, ``missing`` where there is none."""
        values = self.frame.select(expression.cast(pl.Int64).alias("x")).to_series()
        return values.fill_null(missing).to_numpy()

    def where(self, condition: pl.Expr) -> Marks:
        """Mark the rows for which a condition holds; null does not hold."""
        found = self.frame.select(condition.alias("x")).to_series()
        return found.fill_null(value=False).to_numpy()

    def none(self) -> Marks:
        """Mark no row."""
        return np.zeros(self.frame.height, np.bool_)


@dataclass(frozen=True, slots=True)
class Flag:
    """A rule that marks odd rows.

    Parameters
    ----------
    name : str
        Name of the flag, and of its file.
    bit : int
        Its place in `QUALITY_FLAGS`, 0 to 62. It is never given to another flag.
    meaning : str
        What a marked row is, in one line.
    rule : str
        The rule, in one line, with its figures.
    kinds : tuple of str
        Kinds of rows that it judges; empty: all.
    mark : callable
        From the arrivals to one mark per row.
    plant : callable
        Puts the fault into a row of a clean frame; the laws find it again.
    two_sided : bool
        Whether a later row can change the mark of an earlier one.
    """

    name: str
    bit: int
    meaning: str
    rule: str
    kinds: tuple[str, ...]
    mark: Callable[[Arrivals], Marks]
    plant: Callable[[pl.DataFrame, int], Planted]
    two_sided: bool = False

    def judges(self, kind: str) -> bool:
        """Tell whether the flag says anything about rows of a kind."""
        return not self.kinds or kind in self.kinds


def changed(
    frame: pl.DataFrame, rows: Sequence[int], **values: pl.Expr
) -> pl.DataFrame:
    """Return the frame with other values in some rows.

    Parameters
    ----------
    frame : polars.DataFrame
    rows : sequence of int
        Where the values change.
    **values : polars.Expr
        By column; evaluated on the whole frame.
    """
    here = pl.int_range(pl.len()).is_in(list(rows))
    return frame.with_columns(
        pl.when(here)
        .then(value.cast(frame.schema[name]))
        .otherwise(pl.col(name))
        .alias(name)
        for name, value in values.items()
        if name in frame.columns
    )


def price_of(record: Record) -> pl.Expr | None:
    """Return the price of a row: mid of a quote, price of a trade, close of a bar."""
    names = record.schema
    if record.kind == "bar":
        return pl.col("close")
    if "price" in names:
        return pl.col("price")
    if "bid" in names and "ask" in names:
        return (pl.col("bid") + pl.col("ask")) / 2
    return None
