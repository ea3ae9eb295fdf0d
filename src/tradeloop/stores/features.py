"""Computed features in the lake: one Parquet file a category and day, never changed.

    features/technical/year=2025/month=01/day=02/technical_features.parquet   newest
    features/_files/technical/1f3a.../2025-01-02-5df7...-0.parquet   each one, for ever
    features/_log/000000000001.json   what was added and replaced, by bank and content

1. The day is that of the event, UTC; a file holds all instruments of the day, sorted by
   instrument and time. Rows that come later for a day of the same bank make a new file
   with all rows; of two rows of one instrument and time the later counts.
2. A write is one entry of a log (`ticks_log`), all categories together: durable on
   return, whole or not there. The same rows of the same bank change nothing.
3. The path that people and other programs read is a second name of the newest file of
   its category and day, whatever bank it is of. It is made after the entry; `mend`
   makes those that a crash left out. Under ``_files`` each bank has its own folder.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import polars as pl

from tradeloop.errors import DamagedError, NotFoundError
from tradeloop.events import Principal
from tradeloop.stores.canonical import canonical, digest
from tradeloop.stores.features_files import (
    KEYS,
    Live,
    Part,
    Place,
    alone,
    bank_name,
    changed_parts,
    checked_frame,
    live_files,
    name_durably,
    newest,
    parts_of,
    public_name,
    public_path,
    show,
    write_parts,
)
from tradeloop.stores.names import checked_parts, inside
from tradeloop.stores.parquet import content_sha256
from tradeloop.stores.ticks_entry import Entry, Keyed, TickFile, checked_schema
from tradeloop.stores.ticks_files import provisional, require
from tradeloop.stores.ticks_log import State, TableLog

_FOLDER = "features"


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a write; durable when it is held.

    Parameters
    ----------
    version : int
        Version of the store that brought the rows.
    rows : int
        Rows of the frame.
    files : int
        Files that were written; 0 where all was there.
    new : bool
        False where the same rows of the same bank were there before.
    """

    version: int
    rows: int
    files: int
    new: bool


class FeatureStore:
    """Features of all tenants under one root; each method sees one tenant.

    Safe for several threads and processes of one machine.

    Parameters
    ----------
    root : Path
        Folder of the lake.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._logs: dict[str, TableLog] = {}
        self._lock = Lock()

    def write(
        self,
        principal: Principal,
        frame: pl.DataFrame,
        categories: Mapping[str, str],
        fingerprint: str,
    ) -> Stored:
        """Keep features by category and day.

        Parameters
        ----------
        principal : Principal
            Whose they are.
        frame : polars.DataFrame of shape (n_rows, 3 + n_features)
            instrument, event_ns, received_ns and Float64 features, null where missing;
            one row for each instrument and ``event_ns``.
        categories : mapping of str to str
            Each feature to its category.
        fingerprint : str
            Of the bank that computed them; its columns are always the same ones.

        Raises
        ------
        InputError
            A column is missing, has another type, or no category; a row is there twice;
            or the bank was written with other columns before.
        """
        checked_frame(frame, categories)
        checked_parts(fingerprint, "A fingerprint")
        log, sha = self._log(principal), content_sha256(frame)
        told = Keyed(digest(canonical([sha, dict(categories)])), frame.height)
        key = f"{fingerprint}:{told.sha256}"
        parts = parts_of(frame, categories, fingerprint)
        while True:
            with log.lock:
                state = log.state()
                there, live = state.keys.get(key), live_files(state)
            if there is not None:
                log.commit(lambda _: None)  # its writer may not have synced it
                self.mend(principal)
                return Stored(there[0], frame.height, 0, new=False)
            entry = _put(log, (key, told), parts, live)
            if entry is not None:
                files = len(entry.added)
                _show(log, {part.place[::2] for part in parts})
                return Stored(entry.version, frame.height, files, new=True)

    def read(
        self,
        principal: Principal,
        category: str,
        *,
        start_ns: int | None = None,
        end_ns: int | None = None,
        names: Sequence[str] | None = None,
        fingerprint: str | None = None,
    ) -> pl.LazyFrame:
        """Read features of a category lazily.

        Parameters
        ----------
        principal : Principal
            Whose they are.
        category : str
            Such as ``technical``.
        start_ns, end_ns : int, optional
            Only rows with ``start_ns <= event_ns < end_ns``; files of other days are
            not opened.
        names : sequence of str, optional
            Features; all of them where absent.
        fingerprint : str, optional
            Of the bank; that of the last write of the category where absent.

        Returns
        -------
        polars.LazyFrame
            instrument, event_ns, received_ns and the features; days in their order, in
            a day by instrument and time. The bytes of the files were checked before it
            is returned.

        Raises
        ------
        NotFoundError
            No features of this category, of this bank, or of this name.
        DamagedError
            A file does not match its hash.
        """
        log = self._log(principal)
        files = self._chosen(log, public_name(category), fingerprint)
        # Without a row that is wanted one file still says which columns there are.
        files = [f for f in files if _meets(f, start_ns, end_ns)] or files[:1]
        require(log.folder, files)
        rows = pl.scan_parquet(
            [log.folder / file.path for file in files],
            hive_partitioning=False,
            glob=False,
        )
        there = rows.collect_schema().names()
        wanted = [*KEYS, *(names if names is not None else there[len(KEYS) :])]
        absent = [name for name in wanted if name not in there]
        if absent:
            raise NotFoundError(
                f"The {category} features have no {absent[0]!r:.120}, only "
                f"{', '.join(there[len(KEYS) :])}."
            )
        if start_ns is not None:
            rows = rows.filter(pl.col("event_ns") >= start_ns)
        if end_ns is not None:
            rows = rows.filter(pl.col("event_ns") < end_ns)
        return rows.select(wanted)

    def fingerprints(self, principal: Principal) -> tuple[str, ...]:
        """Banks that were written, the one written last at the end."""
        log = self._log(principal)
        with log.lock:
            keys = sorted(log.state().keys.items(), key=lambda item: item[1][0])
        names = [key.partition(":")[0] for key, _ in keys]
        return tuple(dict.fromkeys(reversed(names)))[::-1]

    def mend(self, principal: Principal) -> int:
        """Give each newest file its public name; return how many were missing."""
        return _show(self._log(principal))

    def verify(self, principal: Principal) -> int:
        """Check every entry, file and public name; return the number of files.

        Raises
        ------
        DamagedError
            Names what does not match, or a public name that is not the newest file's.
        """
        log = self._log(principal)
        state = log.verify()
        require(log.folder, [file for file, _ in state.live.values()])
        for at, file in newest(live_files(state)).items():
            place = public_path(log.folder, *at)
            if not place.exists() or not place.samefile(log.folder / file.path):
                raise DamagedError(
                    f"{place} is not the newest file of its day. Call mend, or write "
                    "the same features again."
                )
        return len(state.live)

    def _chosen(
        self, log: TableLog, category: str, fingerprint: str | None
    ) -> list[TickFile]:
        with log.lock:
            live = live_files(log.state())
        own = {place: one for place, one in live.items() if place[0] == category}
        if not own:
            there = sorted({place[0] for place in live})
            raise NotFoundError(
                f"No features of the category {category!r:.60} are in the lake, only "
                f"{there}."
            )
        last = max(own, key=lambda place: own[place].version)[1]
        bank = last if fingerprint is None else bank_name(fingerprint)
        files = [one.file for place, one in sorted(own.items()) if place[1] == bank]
        if not files:
            raise NotFoundError(
                f"No {category} features of the bank {fingerprint!r:.80} are in the "
                "lake."
            )
        return files

    def _log(self, principal: Principal) -> TableLog:
        with self._lock:
            if principal.tenant not in self._logs:
                folder = inside(self.root, principal.tenant, _FOLDER)
                self._logs[principal.tenant] = TableLog(folder)
            return self._logs[principal.tenant]


def _put(
    log: TableLog,
    named: tuple[str, Keyed],
    parts: Sequence[Part],
    live: Mapping[Place, Live],
) -> Entry | None:
    """Write and list the files; None where another writer came between."""
    key, told = named
    with log.writing(), provisional(log) as files:
        changed = list(changed_parts(log.folder, parts, live))
        write_parts(log, files, changed)
        replaced = [live[p.place].file.path for p in changed if p.place in live]

        def next_entry(state: State) -> Entry | None:
            now = live_files(state)
            if key in state.keys or any(
                now.get(part.place) != live.get(part.place) for part in parts
            ):
                return None
            schema = dict(state.schema)
            for columns in {p.category: p.rows.schema for p in parts}.values():
                schema = checked_schema(schema, columns)
            place = (state.version + 1, state.sha256)
            return Entry(
                *place, "append", {key: told}, schema, tuple(files), tuple(replaced)
            )

        return log.commit(next_entry)


def _show(log: TableLog, only: set[tuple[str, str]] | None = None) -> int:
    """Name the newest files of some categories and days, or of all."""
    with log.lock:
        if not log.state().version:
            return 0
    # One at a time, or an older file could take the name after a newer one.
    with alone(log.folder), log.lock:
        made = [
            place
            for at, file in newest(live_files(log.state())).items()
            if (only is None or at in only)
            and show(log.folder, file, place := public_path(log.folder, *at))
        ]
        name_durably(log.folder, made)
    return len(made)


def _meets(file: TickFile, start_ns: int | None, end_ns: int | None) -> bool:
    first, last = file.event_ns or (0, 0)
    early = start_ns is not None and last < start_ns
    return not early and (end_ns is None or first < end_ns)
