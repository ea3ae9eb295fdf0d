"""One list of columns per record: names, types, units and meaning.

Every frame in Tradeloop is a Polars frame whose columns are one of these lists. A
missing number is null in a frame and NaN in an array; NaN never stands in a frame.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a record.

    Parameters
    ----------
    name : str
        Name, with its unit where it has one.
    dtype : polars data type
        Type in frames and files.
    meaning : str
        What the value says.
    nullable : bool
        Whether a row may do without it.
    """

    name: str
    dtype: pl.DataType
    meaning: str
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """A kind of event and its columns.

    Parameters
    ----------
    kind : str
        Name of the kind, singular.
    columns : tuple of Column
        In the order in which they are stored.
    key : tuple of str
        Columns that tell one event from another.
    """

    kind: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def schema(self) -> Mapping[str, pl.DataType]:
        """Polars schema, in column order."""
        return {column.name: column.dtype for column in self.columns}

    @property
    def required(self) -> tuple[str, ...]:
        """Columns that no row may do without."""
        return tuple(column.name for column in self.columns if not column.nullable)

    def empty(self) -> pl.DataFrame:
        """Return a frame with these columns and no rows."""
        return pl.DataFrame(schema=self.schema)

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Order and cast the columns of ``frame``; absent nullable ones become null.

        Parameters
        ----------
        frame : polars.DataFrame of shape (n_rows, any)
            Must hold the required columns. Columns not of the record are dropped.

        Returns
        -------
        polars.DataFrame of shape (n_rows, n_columns)
        """
        return frame.select(
            pl.col(c.name).cast(c.dtype)
            if c.name in frame.columns
            else pl.lit(None, c.dtype).alias(c.name)
            for c in self.columns
        )
