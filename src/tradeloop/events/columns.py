"""One list of columns per record: names, types, units, bounds and meaning.

Every frame in Tradeloop is a Polars frame whose columns are one of these lists. A
missing number is null in a frame and NaN in an array; NaN never stands in a frame.
What is checked at the door (`tradeloop.events.contracts`) and what is published as
JSON Schema (`tradeloop.events.schemas`) follow from the same lists.

Between a row of a frame and the body of an event lie `Record.body` and `Record.frame`,
and nothing else: a column with a `Shape` is JSON text in a frame and an object in a
body; a null of a row is absent from a body.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, Literal

import polars as pl

from tradeloop.events.strict_json import loads

APART = ("event_ns", "received_ns")
"""Columns that stand beside the body of an event."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What an object holds; neither members nor values: any JSON values.

    Parameters
    ----------
    members : tuple of Column
        The keys that it has, and no others.
    values : Column, optional
        Any keys; each value is of this type. The name says what the keys are.
    """

    members: tuple["Column", ...] = ()
    values: "Column | None" = None


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
    least, above, most : float, optional
        A number is at least ``least``, more than ``above``, at most ``most``.
    shortest, longest : int
        Characters of a text.
    allowed : tuple
        The only values there are; empty: all.
    form : {"", "date", "date-time"}
        How a text is written.
    shape : Shape, optional
        The column is JSON text in frames and an object of this shape in events.
    """

    name: str
    dtype: pl.DataType
    meaning: str
    nullable: bool = False
    _: KW_ONLY
    least: float | None = None
    above: float | None = None
    most: float | None = None
    shortest: int = 1
    longest: int = 200
    allowed: tuple[str | int, ...] = ()
    form: Literal["", "date", "date-time"] = ""
    shape: Shape | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """A column that must be there where another one has a certain value."""

    column: str
    value: str
    wants: str


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
    needs : tuple of Need
        Columns that some rows may not do without.
    """

    kind: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    needs: tuple[Need, ...] = ()

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

    def identity(self, row: Mapping[str, Any]) -> str:
        """Id of the event that ``row`` of a frame tells: its key, joined by ``|``."""
        return "|".join(str(row[name]) for name in self.key)

    def body(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return the body of the event that ``row`` of a frame tells.

        Parameters
        ----------
        row : mapping
            Column to value. Nulls, times (`APART`) and other columns are left out.

        Raises
        ------
        InputError
            A column with a shape holds what is no JSON.
        """
        return {
            c.name: loads(value) if c.shape and isinstance(value, str) else value
            for c in self.columns
            if c.name not in APART and (value := row.get(c.name)) is not None
        }

    def frame(self, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
        """Return bodies with their two times as a frame; undoes `body`.

        Parameters
        ----------
        rows : sequence of mapping
            Column to value; what is absent becomes null. Objects become JSON text
            with sorted keys; text of a column with a shape stays as it is.

        Returns
        -------
        polars.DataFrame of shape (n_rows, n_columns)
        """
        return pl.DataFrame(
            {c.name: [_cell(c, row.get(c.name)) for row in rows] for c in self.columns},
            schema=self.schema,
        )

    def sorted_json(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Write JSON texts as `frame` does: one text for one content.

        Parameters
        ----------
        frame : polars.DataFrame of shape (n_rows, any)
            Rows of the record.

        Raises
        ------
        InputError
            A text of a column with a shape is no JSON.
        """
        shaped = [c for c in self.columns if c.shape and c.name in frame.columns]
        for column in shaped:
            texts = frame[column.name].unique().drop_nulls()
            told = [_cell(column, loads(text)) for text in texts]
            again = pl.col(column.name).replace_strict(
                texts, pl.Series(told, dtype=pl.String), default=None
            )
            frame = frame.with_columns(again)
        return frame


def _cell(column: Column, value: Any) -> Any:
    if column.shape is None or value is None or isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
