"""Feature frames to files of a category and day, and the names that people read."""

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import polars as pl

from tradeloop.clock import NS_PER_DAY
from tradeloop.errors import InputError
from tradeloop.stores import folder as disk
from tradeloop.stores.names import checked_parts
from tradeloop.stores.parquet import encode_all
from tradeloop.stores.ticks_entry import TickFile
from tradeloop.stores.ticks_files import require
from tradeloop.stores.ticks_log import State, TableLog, new_file

KEYS = ("instrument", "event_ns", "received_ns")
_TYPES = (pl.String(), pl.Int64(), pl.Int64())
_KEPT = "_files"
_BANK = 16  # digits of a fingerprint that name a bank
_PUBLIC = {"microstructure": "market_microstructure"}  # the contract's word

Place = tuple[str, str, str]
"""Category, bank and day of a file."""


@dataclass(frozen=True, slots=True)
class Live:
    """A file that is read now, and the version that added it."""

    file: TickFile
    version: int


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Rows of one category, bank and day, by instrument and time."""

    category: str
    bank: str
    day: str
    rows: pl.DataFrame

    @property
    def place(self) -> Place:
        """Where it belongs."""
        return self.category, self.bank, self.day


def public_name(category: str) -> str:
    """Name of a category as the contract has it, such as ``market_microstructure``."""
    (part,) = checked_parts(category, "A category of features")[:1]
    if part != category:
        raise InputError(
            f"A category is one name, was {category!r:.60}.", way_out="Leave out '/'."
        )
    return _PUBLIC.get(category, category)


def public_path(folder: Path, category: str, day: str) -> Path:
    """Where people and other programs find the features of a category and day."""
    year, month, number = day.split("-")
    return folder.joinpath(
        category,
        f"year={year}",
        f"month={month}",
        f"day={number}",
        f"{category}_features.parquet",
    )


def bank_name(fingerprint: str) -> str:
    """Folder of a bank: the first digits of its fingerprint."""
    return fingerprint[:_BANK]


def checked_frame(frame: pl.DataFrame, categories: Mapping[str, str]) -> None:
    """Refuse a frame that is not of features.

    Raises
    ------
    InputError
        A key is missing, of another type or null; a feature has no category or is not
        Float64; a row is there twice; or there is nothing to keep.
    """
    for name, dtype in zip(KEYS, _TYPES, strict=True):
        if frame.schema.get(name) != dtype or frame[name].null_count():
            raise InputError(
                f"Features need a {dtype} without nulls, was {frame.schema.get(name)}.",
                way_out="Write what `compute` returned.",
                column=name,
            )
    features = frame.columns[len(KEYS) :]
    for name in features:
        if name not in categories or frame.schema[name] != pl.Float64():
            raise InputError(
                f"A feature needs a category and the type Float64, was "
                f"{frame.schema[name]} of {categories.get(name, 'no category')}.",
                way_out="Pass the category of each column.",
                column=name,
            )
    twice = frame.select(KEYS[:2]).is_duplicated().arg_true()
    if frame.is_empty() or not features or len(twice):
        raise InputError(
            f"{frame.height} rows, {len(features)} features, {len(twice)} rows there "
            "twice.",
            way_out="Write at least one row and feature, each row once.",
            row=int(twice[0]) if len(twice) else None,
        )


def parts_of(
    frame: pl.DataFrame, categories: Mapping[str, str], fingerprint: str
) -> list[Part]:
    """Split features by category and by the day of their event."""
    ordered = frame.sort("instrument", "event_ns").sort(
        pl.col("event_ns") // NS_PER_DAY, maintain_order=True
    )
    numbers = (ordered["event_ns"] // NS_PER_DAY).cast(pl.Int32)
    days = numbers.cast(pl.Date).dt.strftime("%Y-%m-%d").rle().struct.unnest()
    ends = days["len"].cum_sum()
    found = []
    for category in sorted(set(categories.values())):
        names = [n for n in frame.columns if categories.get(n) == category]
        if not names:
            continue
        rows, name = ordered.select(*KEYS, *names), public_name(category)
        for day, length, end in zip(days["value"], days["len"], ends, strict=True):
            part = rows.slice(end - length, length)
            found.append(Part(name, bank_name(fingerprint), day, part))
    return found


def live_files(state: State) -> dict[Place, Live]:
    """Files that the log says are read now, by category, bank and day."""
    found = {}
    for file, version in state.live.values():
        _, category, bank, _ = file.path.split("/")
        found[category, bank, file.period or ""] = Live(file, version)
    return found


def newest(live: Mapping[Place, Live]) -> dict[tuple[str, str], TickFile]:
    """Return the file of each category and day that was written last."""
    by_version = sorted(live.items(), key=lambda item: item[1].version)
    return {(place[0], place[2]): one.file for place, one in by_version}


def changed_parts(
    folder: Path, parts: Sequence[Part], live: Mapping[Place, Live]
) -> Iterator[Part]:
    """Join parts with what is there already; those that say nothing new are left out.

    Raises
    ------
    InputError
        The bank was written with other columns.
    DamagedError
        What is there does not match its hash.
    """
    schemas: dict[tuple[str, str], list[str]] = {}
    samples = {place[:2]: one.file for place, one in live.items()}
    for part in parts:
        at = part.place[:2]
        if at in samples and at not in schemas:
            path = folder / samples[at].path
            schemas[at] = list(pl.read_parquet_schema(path))
        if schemas.setdefault(at, part.rows.columns) != part.rows.columns:
            raise InputError(
                f"The {part.category} features of the bank {part.bank} were written "
                "with other columns.",
                way_out="Write all columns of the bank, in its order.",
                source=part.category,
            )
        one = live.get(part.place)
        if one is None:
            yield part
            continue
        require(folder, [one.file])
        there = pl.read_parquet(folder / one.file.path, hive_partitioning=False)
        rows = _joined(there, part.rows)
        if not rows.equals(there):
            yield Part(part.category, part.bank, part.day, rows)


def _joined(there: pl.DataFrame, more: pl.DataFrame) -> pl.DataFrame:
    rows = pl.concat([there, more])
    once = rows.unique(KEYS[:2], keep="last", maintain_order=True)
    return once.sort("instrument", "event_ns")


def write_parts(log: TableLog, files: list[TickFile], parts: Sequence[Part]) -> None:
    """Write one file for each part and bring them to the disk.

    Parameters
    ----------
    log : TableLog
        Of the store.
    files : list of TickFile
        Takes each file as soon as it is written, as `provisional` gives it.
    parts : sequence of Part
    """
    made: set[Path] = set()
    frames = {f"{number:08d}": part.rows for number, part in enumerate(parts)}
    for part, (_, data) in zip(parts, encode_all(frames), strict=True):
        folder = log.folder / _KEPT / part.category / part.bank
        if folder not in made:
            folder.mkdir(parents=True, exist_ok=True)
            made.add(folder)
        sha, times = sha256(data).hexdigest(), part.rows["event_ns"]
        path = new_file(folder, f"{part.day}-{sha[:16]}", ".parquet", data)
        files.append(
            TickFile(
                path=path.relative_to(log.folder).as_posix(),
                sha256=sha,
                size_bytes=len(data),
                rows=part.rows.height,
                grain="day",
                period=part.day,
                instruments=(),
                commits=None,
                event_ns=(int(times.min()), int(times.max())),  # type: ignore[arg-type]
                received_ns=None,
                sequence=None,
            )
        )
    if files:
        log.persist([log.folder / file.path for file in files])


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep others of this machine from naming files of a store."""
    gate = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(gate, fcntl.LOCK_EX)
        yield
    finally:
        os.close(gate)


def show(folder: Path, file: TickFile, place: Path) -> bool:
    """Give a file its public name; False where it has it already."""
    source = folder / file.path
    if not place.parent.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
    if disk.put_if_absent(source, place):
        return True
    if place.samefile(source):
        return False
    spare = place.with_name(f".{source.name}.tmp")
    spare.unlink(missing_ok=True)
    os.link(source, spare)
    spare.replace(place)
    return True


def name_durably(folder: Path, places: Sequence[Path]) -> None:
    """Bring new names of a store to the disk, with the folders that lead to them."""
    above: set[Path] = set()
    for place in places:
        here = place.parent
        while here not in above and here != folder.parent:
            above.add(here)
            here = here.parent
    if places:
        disk.sync_files(places, sorted(above, reverse=True))
