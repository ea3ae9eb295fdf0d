"""What came in: the rows that are kept, the rows that are refused, and why."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from tradeloop.events import Record

QUARANTINE: Mapping[str, pl.DataType] = {
    "source": pl.String(),
    "row": pl.Int64(),
    "key": pl.String(),
    "reason": pl.String(),
    "body": pl.String(),
}
"""Columns of refused rows: file, row from 0, key, reason, the row as read in JSON."""


@dataclass(frozen=True)
class Intake:
    """The account of one file: every row that was read is kept or refused.

    Parameters
    ----------
    record : Record
        Kind of the rows.
    rows : polars.DataFrame of shape (n_kept, n_columns of record)
        Sorted; the key of the record is unique where it is complete.
    quarantined : polars.DataFrame of shape (n_refused, 5)
        Columns of `QUARANTINE`.
    read : int
        Rows read; always ``rows.height + quarantined.height``.
    notes : tuple of str
        What a reader should know: which column was taken for what, rows sorted,
        crossed quotes, clocks that disagree.
    source : str
        Path as the user gave it.
    clock_cut : int
        Rows received before they happened by their own clocks, whose event time was cut
        to the received time; refused rows are counted too, as in ``read``.
    places : polars.DataFrame of shape (n_kept, 2), optional
        ``source`` and ``row`` of each kept row: its file, and its number there from 0.
    quality : polars.Series of Int64, shape (n_kept,), optional
        ``quality_flags`` of each kept row (`tradeloop.capture.cleaning`).
    flags : mapping of str to int
        Rows that each cleaning flag marks, among those that broke no rule: the copies
        in quarantine are counted too.
    clocks : polars.DataFrame, optional
        How far the received time as read lies behind the event time as read, by venue
        (`tradeloop.capture.cleaning.clock_lags`); None where a row has one time.
    taken : mapping of str to tuple of str
        Field of the column map to the columns of the file that it was read from.

    Raises
    ------
    ValueError
        The account does not add up, or more rows were cut than read.
    """

    record: Record
    rows: pl.DataFrame
    quarantined: pl.DataFrame
    read: int
    notes: tuple[str, ...]
    source: str
    clock_cut: int = 0
    places: pl.DataFrame | None = None
    quality: pl.Series | None = None
    flags: Mapping[str, int] = field(default_factory=dict)
    clocks: pl.DataFrame | None = None
    taken: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.read != self.rows.height + self.quarantined.height:
            raise ValueError(
                f"{self.source}: read {self.read} rows, but kept {self.rows.height} "
                f"and refused {self.quarantined.height}."
            )
        if not 0 <= self.clock_cut <= self.read:
            raise ValueError(
                f"{self.source}: read {self.read} rows, but cut the event time of "
                f"{self.clock_cut}."
            )

    @property
    def flagged(self) -> pl.DataFrame:
        """The kept rows with the column ``quality_flags``: 0 where nothing is odd."""
        bits = pl.lit(0, pl.Int64) if self.quality is None else self.quality
        return self.rows.with_columns(quality_flags=bits)

    @property
    def reasons(self) -> Mapping[str, int]:
        """Refused rows by reason, most frequent first."""
        counts = (
            self.quarantined.group_by("reason")
            .len()
            .sort(["len", "reason"], descending=[True, False])
        )
        return dict(counts.rows())


@dataclass(frozen=True)
class Market:
    """Market data of one run.

    Parameters
    ----------
    bars : polars.DataFrame of shape (n_bars, n_columns of BAR)
        Read, or built from the ticks. Sorted by (instrument, event_ns), unique.
    quotes, trades : polars.DataFrame
        Ticks that were read; no rows when there were none.
    interval_ns : int
        Length of every bar, ns.
    intakes : tuple of Intake
        One per file, in the order of reading.
    """

    bars: pl.DataFrame
    quotes: pl.DataFrame
    trades: pl.DataFrame
    interval_ns: int
    intakes: tuple[Intake, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes of all files, each with its source."""
        return tuple(f"{i.source}: {note}" for i in self.intakes for note in i.notes)


def merge_intakes(parts: Sequence[Intake], *, source: str) -> Intake:
    """Join the accounts of several files of one kind under one name.

    Parameters
    ----------
    parts : sequence of Intake
        At least one; all of the same record.
    source : str
        Name of the whole; each refused row and each note keeps the name of its file.

    Returns
    -------
    Intake
        Rows in the order of their event time; the counts of the files are summed.
    """
    if len(parts) == 1:
        return parts[0]
    rows = pl.concat([part.rows for part in parts])
    order = rows.with_row_index("at").sort("event_ns", maintain_order=True)["at"]
    places = [part.places for part in parts if part.places is not None]
    bits = [part.quality for part in parts if part.quality is not None]
    clocks = [part.clocks for part in parts if part.clocks is not None]
    counts: Counter[str] = Counter()
    for part in parts:
        counts.update(part.flags)
    return Intake(
        record=parts[0].record,
        rows=rows[order],
        quarantined=pl.concat([part.quarantined for part in parts]),
        read=sum(part.read for part in parts),
        notes=tuple(f"{part.source}: {note}" for part in parts for note in part.notes),
        source=source,
        clock_cut=sum(part.clock_cut for part in parts),
        places=pl.concat(places)[order] if len(places) == len(parts) else None,
        quality=pl.concat(bits)[order] if len(bits) == len(parts) else None,
        flags=dict(counts),
        clocks=pl.concat(clocks) if clocks else None,
        taken=_taken(parts),
    )


def _taken(parts: Sequence[Intake]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for part in parts:
        for name, read in part.taken.items():
            found[name] = tuple(dict.fromkeys((*found.get(name, ()), *read)))
    return found


def quarantine(
    table: pl.DataFrame,
    *,
    source: str,
    row: pl.Series,
    key: pl.Series,
    reason: pl.Series,
) -> pl.DataFrame:
    """Write rows down as refused.

    Parameters
    ----------
    table : polars.DataFrame of shape (n_refused, any)
        The rows as they were read.
    source : str
        Where they were read.
    row, key, reason : polars.Series of shape (n_refused,)
        Row number from 0; key as text, null where there is none; reason.

    Returns
    -------
    polars.DataFrame of shape (n_refused, 5)
        Columns of `QUARANTINE`.
    """
    return pl.DataFrame(
        {
            "source": pl.Series([source] * table.height, dtype=pl.String),
            "row": row.cast(pl.Int64),
            "key": key.cast(pl.String),
            "reason": reason.cast(pl.String),
            "body": pl.Series(row_bodies(table), dtype=pl.String),
        },
        schema=QUARANTINE,
    )


def row_bodies(table: pl.DataFrame) -> list[str]:
    """Write each row as one JSON object with sorted names.

    Times become ISO 8601 text with nine decimals; NaN and infinities, which JSON does
    not have, become the texts ``NaN``, ``Infinity`` and ``-Infinity``.

    Returns
    -------
    list of str of length n_rows
        Equal rows give equal texts.
    """
    times = [
        name for name, dtype in table.schema.items() if isinstance(dtype, pl.Datetime)
    ]
    plain = table.with_columns(
        pl.col(name).dt.strftime(
            "%Y-%m-%dT%H:%M:%S%.9f" + ("%:z" if _zoned(table, name) else "")
        )
        for name in times
    )
    return [
        json.dumps(
            {name: _jsonable(value) for name, value in row.items()},
            sort_keys=True,
            allow_nan=False,
            ensure_ascii=False,
            default=str,
        )
        for row in plain.iter_rows(named=True)
    ]


def _zoned(table: pl.DataFrame, name: str) -> bool:
    dtype = table.schema[name]
    return isinstance(dtype, pl.Datetime) and dtype.time_zone is not None


def _jsonable(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        if math.isnan(value):
            return "NaN"
        return "Infinity" if value > 0 else "-Infinity"
    return value
