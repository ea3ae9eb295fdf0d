"""One entry of a table's log: what was added and replaced, chained to the one before.

An entry is one line of canonical JSON that ends with its own hash, so that every bit of
it is checked, alone or in a bundle.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from tradeloop.errors import InputError
from tradeloop.stores.canonical import canonical, digest

Grain = Literal["day", "month", "year", "all"]
Span = tuple[int, int]

_FORMAT = 1
_OWN = ',"sha256":"'
_END = '"}'
_PATH = re.compile(r"(?:[A-Za-z0-9_=+%-][A-Za-z0-9_.=+%-]{0,199}/)+[a-z0-9-]+\.parquet")
_UNITS: tuple[Literal["ns", "us", "ms"], ...] = ("ns", "us", "ms")
_KEPT: tuple[pl.DataType, ...] = (
    *(pl.Int8(), pl.Int16(), pl.Int32(), pl.Int64()),
    *(pl.UInt8(), pl.UInt16(), pl.UInt32(), pl.UInt64()),
    *(pl.Float32(), pl.Float64(), pl.Boolean(), pl.String(), pl.Date()),
    *(pl.Datetime(unit, zone) for unit in _UNITS for zone in (None, "UTC")),
)
TYPES: Mapping[str, pl.DataType] = {str(dtype): dtype for dtype in _KEPT}
"""Types of columns that a table keeps, by the name that the log gives them."""


@dataclass(frozen=True, slots=True)
class TickFile:
    """A Parquet file of a table, which never changes.

    Parameters
    ----------
    path : str
        Below the folder of the table.
    sha256 : str
        Of its bytes.
    size_bytes, rows : int
        Length.
    grain : {"day", "month", "year", "all"}
        How long the periods are by which its rows were split.
    period : str or None
        Such as ``2025-01-02``; empty with grain ``all``; None where the file holds rows
        of several periods.
    instruments : tuple of str
        Whose rows it holds; empty where rows have no instrument.
    commits : (int, int), optional
        First and last version whose rows it holds, where these are several and the
        column ``_commit`` says it row by row; None: the version that added it.
    event_ns, received_ns, sequence : (int, int), optional
        Smallest and largest value; None where there is none.
    """

    path: str
    sha256: str
    size_bytes: int
    rows: int
    grain: Grain
    period: str | None
    instruments: tuple[str, ...]
    commits: Span | None
    event_ns: Span | None
    received_ns: Span | None
    sequence: Span | None

    def listed(self) -> list[Any]:
        """Write it as it stands in an entry."""
        return [getattr(self, name) for name in _FIELDS]


_FIELDS = (
    *("path", "sha256", "size_bytes", "rows", "grain", "period", "instruments"),
    *("commits", "event_ns", "received_ns", "sequence"),
)


@dataclass(frozen=True, slots=True)
class Keyed:
    """What was appended under a key: hash of its content, and its rows."""

    sha256: str
    rows: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One version of a table.

    Parameters
    ----------
    version : int
        From 1, without holes.
    previous : str
        Hash of the entry before.
    action : {"append", "compact"}
        ``compact`` brings rows into other files and changes none.
    keys : mapping of str to Keyed
        What was appended.
    schema : mapping of str to polars data type
        All columns of the table, in order.
    added : tuple of TickFile
        New files.
    removed : tuple of str
        Paths that are read no more.
    """

    version: int
    previous: str
    action: Literal["append", "compact"]
    keys: Mapping[str, Keyed]
    schema: Mapping[str, pl.DataType]
    added: tuple[TickFile, ...]
    removed: tuple[str, ...] = ()

    def line(self) -> tuple[str, str]:
        """Write it as one line; return the line and the hash of the entry."""
        content = canonical(
            {
                "action": self.action,
                "added": [file.listed() for file in self.added],
                "columns_of_added": _FIELDS,
                "format": _FORMAT,
                "keys": {key: [k.sha256, k.rows] for key, k in self.keys.items()},
                "previous": self.previous,
                "removed": self.removed,
                "schema": [[name, str(dtype)] for name, dtype in self.schema.items()],
                "version": self.version,
            }
        )
        own = digest(content)
        return f"{content[:-1]}{_OWN}{own}{_END}\n", own


def entry_of(line: str) -> tuple[Entry, str]:
    """Read a line of the log; return the entry and its hash.

    Raises
    ------
    ValueError
        The line does not match its own hash, or is of another form.
    """
    content, mark, tail = line.rpartition(_OWN)
    own = digest(content + "}")
    if not mark or tail != f"{own}{_END}\n":
        raise ValueError("it does not match its own hash")
    found = json.loads(content + "}")
    if found["format"] != _FORMAT:
        raise ValueError(f"its format is {found['format']}, not {_FORMAT}")
    entry = Entry(
        version=found["version"],
        previous=found["previous"],
        action=found["action"],
        keys={key: Keyed(*told) for key, told in found["keys"].items()},
        schema={name: TYPES[dtype] for name, dtype in found["schema"]},
        added=tuple(_file(values) for values in found["added"]),
        removed=tuple(found["removed"]),
    )
    return entry, own


def _file(values: list[Any]) -> TickFile:
    told = dict(zip(_FIELDS, values, strict=True))
    told["instruments"] = tuple(told["instruments"])
    for name in ("commits", "event_ns", "received_ns", "sequence"):
        told[name] = told[name] and tuple(told[name])
    # The log's writer chose the path; whoever planted an entry must not choose it.
    if not _PATH.fullmatch(told["path"]) or ".." in told["path"]:
        raise ValueError(f"{told['path']!r:.120} is no path of a table")
    return TickFile(**told)


def checked_schema(
    there: Mapping[str, pl.DataType], new: Mapping[str, pl.DataType]
) -> dict[str, pl.DataType]:
    """Columns of a table with those of new rows: columns may come, none may change.

    Raises
    ------
    InputError
        A column has another type than in the table, or one that is not kept.
    """
    merged = dict(there)
    for name, dtype in new.items():
        if str(dtype) not in TYPES or name.startswith("_"):
            raise InputError(
                f"A column of type {dtype} named {name!r} is not kept in the lake.",
                way_out="Cast it to a number, text, or a time in UTC; names that begin "
                "with '_' are the table's own.",
                column=name,
            )
        if merged.setdefault(name, dtype) != dtype:
            raise InputError(
                f"The table keeps this column as {merged[name]}, was {dtype}.",
                way_out="Cast it, or give the new meaning a new name.",
                column=name,
            )
    return merged
