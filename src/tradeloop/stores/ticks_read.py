"""Which files hold what is wanted, and their rows as one frame."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import polars as pl

from tradeloop.errors import InputError
from tradeloop.stores.ticks_entry import Span, TickFile
from tradeloop.stores.ticks_files import COMMIT, ordered
from tradeloop.stores.ticks_log import State

_PATH = "_path"
_ORDER = ("instrument", "event_ns")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader asks for; the fields are the parameters of `Ticks.scan`."""

    instruments: Collection[str] | None = None
    from_ns: int | None = None
    until_ns: int | None = None
    version: int | None = None
    commits: Collection[int] | None = None

    def require(self, schema: Mapping[str, pl.DataType]) -> None:
        """Raise `InputError` where rows have no column that they are asked for by."""
        by_time = (self.from_ns, self.until_ns) != (None, None)
        asked = {"instrument": self.instruments is not None, "event_ns": by_time}
        for name, is_asked in asked.items():
            if is_asked and name not in schema:
                raise InputError(
                    f"These rows have no {name}.", way_out="Ask for all of them."
                )

    def may_hold(self, file: TickFile, span: Span) -> bool:
        """Whether a file may hold a row that is wanted."""
        first, last = span
        if self.version is not None and first > self.version:
            return False
        if self.commits is not None and not any(
            first <= version <= last for version in self.commits
        ):
            return False
        if self.instruments is not None and file.instruments:
            others = set(file.instruments).isdisjoint(self.instruments)
            return not others and self._in_time(file.event_ns)
        return self._in_time(file.event_ns)

    def _in_time(self, event_ns: Span | None) -> bool:
        if event_ns is None:
            return self.from_ns is None and self.until_ns is None
        early = self.from_ns is not None and event_ns[1] < self.from_ns
        late = self.until_ns is not None and event_ns[0] >= self.until_ns
        return not (early or late)

    def rows(self) -> list[pl.Expr]:
        """Conditions that each row must meet."""
        one_version = pl.col(COMMIT).is_null()  # then the file was chosen by it
        found = []
        if self.version is not None:
            found.append(one_version | (pl.col(COMMIT) <= self.version))
        if self.commits is not None:
            found.append(one_version | pl.col(COMMIT).is_in(list(self.commits)))
        if self.instruments is not None:
            found.append(pl.col("instrument").is_in(list(self.instruments)))
        if self.from_ns is not None:
            found.append(pl.col("event_ns") >= self.from_ns)
        if self.until_ns is not None:
            found.append(pl.col("event_ns") < self.until_ns)
        return found


def chosen(state: State, wanted: Wanted) -> list[tuple[TickFile, Span]]:
    """Files that may hold what is wanted, in the order of their versions."""
    files = ordered(list(state.live.values()))
    return [(file, span) for file, span in files if wanted.may_hold(file, span)]


def joined(
    folder: Path,
    schema: Mapping[str, pl.DataType],
    files: Sequence[tuple[TickFile, Span]],
    wanted: Wanted,
    *,
    in_order: bool = False,
) -> pl.LazyFrame:
    """Rows of the files that are wanted, with the columns of the schema and more.

    Parameters
    ----------
    folder : Path
        Of the table.
    schema : mapping of str to polars data type
        Columns; those that a file lacks are null.
    files : sequence of (TickFile, (int, int))
        As `chosen` gives them.
    wanted : Wanted
        Which of their rows.
    in_order : bool
        Sorted by instrument, time and version.
    """
    columns = {**schema, COMMIT: pl.Int64()}
    if not files:
        return pl.LazyFrame(schema=columns)
    paths = [str(folder / file.path) for file, _ in files]
    rows = pl.scan_parquet(
        paths,
        schema=columns,
        missing_columns="insert",
        extra_columns="ignore",
        hive_partitioning=False,
        glob=False,
        include_file_paths=_PATH,
    ).filter(*wanted.rows())
    order = [name for name in _ORDER if name in schema]
    if not in_order or not order:
        return rows
    if _entangled(files):
        # Files that hold the same versions need not hold them in their order.
        first = [span[0] for _, span in files]
        version = pl.col(_PATH).replace_strict(paths, first, return_dtype=pl.Int64)
        rows = rows.with_columns(pl.coalesce(COMMIT, version).alias(COMMIT))
        order.append(COMMIT)
    return rows.sort(order, maintain_order=True)


def _entangled(files: Sequence[tuple[TickFile, Span]]) -> bool:
    """Whether files of one instrument and period hold versions between each other's."""
    places: dict[object, list[Span]] = {}
    mixed = any(file.period is None for file, _ in files)
    for file, span in files:
        place = None if mixed else (file.instruments, file.grain, file.period)
        places.setdefault(place, []).append(span)
    return any(
        after[0] <= before[1] and not before == after == (after[0], after[0])
        for spans in places.values()
        for before, after in pairwise(spans)
    )
