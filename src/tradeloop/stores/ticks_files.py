"""Rows to files: which rows lie together, and how a file is checked and read."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import polars as pl

from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE
from tradeloop.errors import DamagedError
from tradeloop.stores.canonical import digest
from tradeloop.stores.parquet import encode_ticks
from tradeloop.stores.ticks_entry import Grain, Span, TickFile
from tradeloop.stores.ticks_log import TableLog, new_file, read_bytes

COMMIT = "_commit"
"""Column of files that hold rows of several versions: the version of each row."""
_INSTRUMENT, _EVENT = "instrument", "event_ns"
_PERIOD = {"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y", "all": ""}
_TRUNCATE = {"month": "1mo", "year": "1y"}
# A batch of many instruments would make a file for each: groups below this many rows go
# into one file together once there are more than so many groups; `compact` parts them
# when they have grown.
_OWN_ROWS = 20_000
_FEW_GROUPS = 32
_LONGEST = 120
_SHORT = 1 << 16
_NAMED = 5  # damaged files that a message names


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that lie in one file, sorted by time.

    Parameters
    ----------
    rows : polars.DataFrame
        Of one instrument and period, or of many.
    instruments : tuple of str
        Empty where rows have none.
    period : str or None
        None where there are several.
    """

    rows: pl.DataFrame
    instruments: tuple[str, ...]
    period: str | None


def grain_of(frame: pl.DataFrame) -> Grain:
    """Tell how long the periods are that rows are split by.

    A file of one instrument should hold thousands of rows. Bars of a day and longer are
    not split by time, bars of an hour go by year, of a minute by month; ticks, and what
    else has an instrument and a time, by day; what has no instrument is not split.
    """
    if not {_INSTRUMENT, _EVENT} <= set(frame.columns):
        return "all"
    if "open_ns" not in frame.columns:
        return "day"
    length = (frame[_EVENT] - frame["open_ns"]).mode().min()
    length_ns = length if isinstance(length, int) else 0
    by_length: tuple[tuple[int, Grain], ...] = (
        (NS_PER_DAY, "all"),
        (NS_PER_HOUR, "year"),
        (NS_PER_MINUTE, "month"),
    )
    return next((grain for least, grain in by_length if length_ns >= least), "day")


def groups_of(frame: pl.DataFrame, grain: Grain) -> list[Group]:
    """Split rows by instrument and period; small groups of many stay together.

    Parameters
    ----------
    frame : polars.DataFrame of shape (n_rows, n_columns)
        At least one row.
    grain : {"day", "month", "year", "all"}

    Returns
    -------
    list of Group
        Each row is in one of them. Rows of one instrument and time keep their order.
    """
    names = [_INSTRUMENT] if _INSTRUMENT in frame.columns else []
    timed = _EVENT in frame.columns
    by = [pl.col(name) for name in names]
    if timed and grain != "all":
        by.append(_period(grain).alias("_period"))
    if not by:
        return [Group(_sorted(frame, [_EVENT] if timed else []), (), "")]
    keys = frame.group_by(by, maintain_order=True).agg(_rows=pl.len())
    if keys.height == 1:
        return [_group(frame, keys.row(0, named=True), grain, timed=timed)]
    if keys.height <= _FEW_GROUPS:
        return _parted(frame, by, grain, timed=timed)
    own = keys.filter(pl.col("_rows") >= _OWN_ROWS).drop("_rows")
    groups: list[Group] = []
    rows = frame
    if own.height:
        marked, on = frame.with_columns(by[len(names) :]), own.columns
        large = marked.join(own, on=on, how="semi", maintain_order="left")
        rows = marked.join(own, on=on, how="anti", maintain_order="left")
        large, rows = large.select(frame.columns), rows.select(frame.columns)
        groups = _parted(large, by, grain, timed=timed)
    if rows.height:
        members = tuple(rows[_INSTRUMENT].unique().sort()) if names else ()
        order = [*names, *([_EVENT] if timed else [])]
        groups.append(Group(_sorted(rows, order), members, None))
    return groups


def _parted(
    frame: pl.DataFrame, by: Sequence[pl.Expr], grain: Grain, *, timed: bool
) -> list[Group]:
    """One group for each instrument and period."""
    parts = frame.group_by(by, maintain_order=True)
    names = [expression.meta.output_name() for expression in by]
    return [
        _group(rows, dict(zip(names, key, strict=True)), grain, timed=timed)
        for key, rows in parts
    ]


def write_groups(
    log: TableLog,
    files: list[TickFile],
    stem: str,
    rows: pl.DataFrame,
    grain: Grain,
) -> None:
    """Write the files of all groups and bring them to the disk.

    Parameters
    ----------
    log : TableLog
        Of the table.
    files : list of TickFile
        Takes each file as soon as it is written, as `provisional` gives it.
    stem : str
        First part of the names.
    rows : polars.DataFrame of shape (n_rows, n_columns)
    grain : {"day", "month", "year", "all"}
    """
    groups = groups_of(rows, grain)
    # One by one: those before one that fails are in the list.
    files.extend(_write(log.folder, stem, grain, group) for group in groups)
    log.persist([log.folder / file.path for file in files])


@contextmanager
def provisional(log: TableLog) -> Iterator[list[TickFile]]:
    """Collect files; those that no entry names are removed at the end."""
    files: list[TickFile] = []
    try:
        yield files
    finally:
        # With a log that cannot be read nobody knows: they stay.
        with suppress(DamagedError), log.lock:
            live = log.state().live
            for file in files:
                if file.path not in live:
                    (log.folder / file.path).unlink(missing_ok=True)


def _write(table: Path, stem: str, grain: Grain, group: Group) -> TickFile:
    folder = table / _folder(group, grain)
    folder.mkdir(parents=True, exist_ok=True)
    data = encode_ticks(group.rows)
    path = new_file(folder, stem, ".parquet", data)
    spans = {name: _span(group.rows, name) for name in _SPANS}
    return TickFile(
        path=path.relative_to(table).as_posix(),
        sha256=sha256(data).hexdigest(),
        size_bytes=len(data),
        rows=group.rows.height,
        grain=grain,
        period=group.period,
        instruments=group.instruments,
        commits=_span(group.rows, COMMIT),
        event_ns=spans[_EVENT],
        received_ns=spans["received_ns"],
        sequence=spans["sequence"],
    )


_SPANS = (_EVENT, "received_ns", "sequence")


def ordered(files: Sequence[tuple[TickFile, int]]) -> list[tuple[TickFile, Span]]:
    """Put files in the order of the versions whose rows they hold, and say which.

    Parameters
    ----------
    files : sequence of (TickFile, int)
        Each with the version that added it.
    """
    spans = [(file, file.commits or (added, added)) for file, added in files]
    return sorted(spans, key=lambda item: (item[1], item[0].path))


def damage(table: Path, files: Sequence[TickFile]) -> Iterator[str]:
    """Check files against their hashes; say what is wrong with each bad one."""
    for file in files:
        try:
            found = sha256(read_bytes(table / file.path)).hexdigest()
        except OSError as error:
            yield f"{file.path} ({error.strerror or 'unreadable'})"
            continue
        if found != file.sha256:
            yield f"{file.path} (damaged)"


def require(table: Path, files: Sequence[TickFile]) -> None:
    """Raise `DamagedError` that names the bad files, if there are any."""
    wrong = list(damage(table, files))
    if wrong:
        rest = f" and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
        named = ", ".join(wrong[:_NAMED]) + rest
        raise DamagedError(
            f"{table}: {named}. A file does not match the hash under which it was "
            "written: restore it from a backup, or capture the data again elsewhere."
        )


def _group(
    rows: pl.DataFrame, key: Mapping[str, Any], grain: Grain, *, timed: bool
) -> Group:
    members = (key[_INSTRUMENT],) if _INSTRUMENT in key else ()
    period = key["_period"].strftime(_PERIOD[grain]) if "_period" in key else ""
    return Group(_sorted(rows, [_EVENT] if timed else []), members, period)


def _sorted(rows: pl.DataFrame, order: list[str]) -> pl.DataFrame:
    """Sort by time, and then by instrument where it is in the order; both stable."""
    if _EVENT in order and not rows[_EVENT].is_sorted():
        rows = rows.sort(_EVENT, maintain_order=True)
    if _INSTRUMENT not in order:
        return rows
    # Numbers for names: a third of the time of a sort by text.
    names = rows[_INSTRUMENT].unique().sort()
    codes = rows[_INSTRUMENT].cast(pl.Enum(names)).to_physical()
    short = np.uint16 if len(names) <= _SHORT else np.uint32
    return rows[np.argsort(codes.to_numpy().astype(short), kind="stable")]


def _period(grain: Grain) -> pl.Expr:
    day = (pl.col(_EVENT) // NS_PER_DAY).cast(pl.Int32).cast(pl.Date)
    return day if grain == "day" else day.dt.truncate(_TRUNCATE[grain])


def _folder(group: Group, grain: Grain) -> str:
    if group.period is None:
        return "mixed"
    parts = [f"{grain}={group.period}"] if group.period else []
    if group.instruments:
        parts.insert(0, f"instrument={folder_name(group.instruments[0])}")
    return "/".join(parts) or "all"


def folder_name(instrument: str) -> str:
    """Name of an instrument as a part of a path, percent-encoded where it must be.

    Returns
    -------
    str
        For people: what is in a file, the log says. Long names end with their hash.
    """
    safe = quote(instrument, safe="").replace("~", "%7E")
    if safe.endswith(".") or ".." in safe:
        safe = safe.replace(".", "%2E")
    if len(safe) <= _LONGEST:
        return safe
    return f"{safe[:_LONGEST]}-{digest(instrument)[:16]}"


def _span(rows: pl.DataFrame, name: str) -> Span | None:
    if name not in rows.columns or rows[name].null_count() == rows.height:
        return None
    low, high = rows[name].min(), rows[name].max()
    return int(low), int(high)  # type: ignore[arg-type]  # whole numbers, not empty
