"""Tables of market events: appended to, never changed, readable as of any version.

A table is a folder of one tenant and kind: immutable Parquet files by instrument and
period, and a log (`ticks_log`) whose entries name them with their hashes. What the log
does not name is not there. See docs/lake.md.
"""

import errno
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

import polars as pl
import pyarrow as pa

from tradeloop.errors import ConflictError, FullError, InputError, NotFoundError
from tradeloop.events import Principal
from tradeloop.stores.names import checked_parts, inside
from tradeloop.stores.ticks_append import Commit, Part, answer, checked, write
from tradeloop.stores.ticks_compact import compact_table, vacuum_table
from tradeloop.stores.ticks_entry import Keyed, Span, TickFile
from tradeloop.stores.ticks_files import require
from tradeloop.stores.ticks_log import TableLog
from tradeloop.stores.ticks_read import Wanted, chosen, joined

_FULL = (errno.ENOSPC, errno.EDQUOT)
_PER_FILE = 4_000_000


class Ticks:
    """Tables of all tenants under one root; each method sees one tenant.

    Safe for several threads and processes. Every method raises `InputError` for a kind
    that is no plain name, and `DamagedError`, which names the file, where what is read
    does not match its hash.

    Parameters
    ----------
    root : Path
        Folder of the lake, on a file system of this machine.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._logs: dict[tuple[str, str], TableLog] = {}
        self._lock = Lock()

    def append(
        self,
        principal: Principal,
        kind: str,
        table: pl.DataFrame | pa.Table,
        *,
        key: str,
    ) -> Commit:
        """Append rows under a key; they are durable on return.

        Raises
        ------
        ConflictError
            The key is there with another content, which was kept.
        InputError
            No row, a null where none may be, or a column of another type than before.
        FullError
            The disk is full; nothing was stored.
        """
        (found,) = self.append_all(principal, kind, [Part(key, table)])
        if isinstance(found, ConflictError):
            raise found
        return found

    def append_all(
        self, principal: Principal, kind: str, parts: Sequence[Part]
    ) -> list[Commit | ConflictError]:
        """Append parts together, at the cost of one; a conflict fails its part alone.

        The other errors of `append` fail all parts.
        """
        log, given = self._log(principal, kind), [checked(part) for part in parts]
        told: dict[str, Keyed] = {}
        frames: dict[str, pl.DataFrame] = {}
        for key, frame, what in given:  # the first content of a key counts
            told.setdefault(key, what)
            frames.setdefault(key, frame)
        brought: set[str] = set()
        while True:
            with log.lock:
                there = {k: v for k, v in log.state().keys.items() if k in told}
            new = [key for key in told if key not in there]
            if not new:
                break
            rows = pl.concat([frames[key] for key in new], how="diagonal")
            with _room():
                if write(log, rows, {key: told[key] for key in new}):
                    brought.update(new)
        if not brought:
            log.commit(lambda _: None)  # whoever brought them may not have synced yet
        return [answer(key, there[key], what, brought) for key, _, what in given]

    def find(self, principal: Principal, kind: str, key: str) -> Commit | None:
        """Return what was appended under a key; None where nothing was."""
        log = self._log(principal, kind)
        with log.lock:
            found = log.state().keys.get(key)
        if found is None:
            return None
        return Commit(found[0], key, found[1].rows, found[1].sha256, new=False)

    def commits(self, principal: Principal, kind: str) -> list[Commit]:
        """Return all that was appended, by version; none where there is no table."""
        log = self._log(principal, kind)
        with log.lock:
            keys = log.state().keys.items()
            return [Commit(v, k, w.rows, w.sha256, new=False) for k, (v, w) in keys]

    def head(self, principal: Principal, kind: str) -> tuple[int, str]:
        """Last version and the hash of its entry, which stands for all before it."""
        log = self._log(principal, kind)
        with log.lock:
            state = log.state()
            return state.version, state.sha256

    def scan(
        self,
        principal: Principal,
        kind: str,
        *,
        instruments: Collection[str] | None = None,
        from_ns: int | None = None,
        until_ns: int | None = None,
        version: int | None = None,
        commits: Collection[int] | None = None,
    ) -> pl.LazyFrame:
        """Read rows lazily; only files that the log says may hold them are opened.

        Parameters
        ----------
        principal : Principal
            Whose they are.
        kind : str
            Such as ``quote``.
        instruments : collection of str, optional
            Only their rows.
        from_ns, until_ns : int, optional
            Only rows with ``from_ns <= event_ns < until_ns``.
        version : int, optional
            As of this version: what came later is not seen, its columns neither.
        commits : collection of int, optional
            Only rows that came with one of these versions.

        Returns
        -------
        polars.LazyFrame
            Rows in no promised order; a column that came after a row is null in it.
            The bytes of the files were checked before it is returned.

        Raises
        ------
        NotFoundError
            No such table, or no such version of it.
        """
        wanted = Wanted(instruments, from_ns, until_ns, version, commits)
        folder, schema, files = self._chosen(principal, kind, wanted)
        require(folder, [file for file, _ in files])
        return joined(folder, schema, files, wanted).select(schema.keys())

    def read(
        self,
        principal: Principal,
        kind: str,
        *,
        instruments: Collection[str] | None = None,
        from_ns: int | None = None,
        until_ns: int | None = None,
        version: int | None = None,
        commits: Collection[int] | None = None,
    ) -> pl.DataFrame:
        """Read rows in their one order; parameters and errors as in `scan`.

        Returns
        -------
        polars.DataFrame
            Sorted by instrument and ``event_ns``, as far as they are there; equal ones
            in the order in which they were appended. The same whatever was compacted.
        """
        wanted = Wanted(instruments, from_ns, until_ns, version, commits)
        folder, schema, files = self._chosen(principal, kind, wanted)
        require(folder, [file for file, _ in files])
        rows = joined(folder, schema, files, wanted, in_order=True)
        return rows.select(schema.keys()).collect()

    def files(self, principal: Principal, kind: str) -> list[TickFile]:
        """Return the files that are read now, in the order of their versions."""
        return [file for file, _ in self._chosen(principal, kind, Wanted())[2]]

    def compact(
        self, principal: Principal, kind: str, *, rows_per_file: int = _PER_FILE
    ) -> int:
        """Join small files of one instrument and period into one sorted file.

        Safe beside writers and readers; no row is lost, doubled or changed, and the old
        files lie there until `vacuum`.

        Parameters
        ----------
        principal : Principal
            Whose they are.
        kind : str
            Such as ``quote``.
        rows_per_file : int
            Files are joined up to so many rows; half as many are enough for one to be
            left as it is.

        Returns
        -------
        int
            Files that were replaced.
        """
        with _room():
            return compact_table(self._log(principal, kind), rows_per_file)

    def vacuum(self, principal: Principal, kind: str, *, older_than_ns: int) -> int:
        """Remove files that `compact` replaced before an instant, and left-over ones.

        Every version stays readable: its rows lie in the files that replaced them. Only
        a frame that was scanned before, and not collected yet, needs the old files.

        Parameters
        ----------
        principal : Principal
            Whose they are.
        kind : str
            Such as ``quote``.
        older_than_ns : int
            ns UTC of the file system's clock; leave readers the time they need.

        Returns
        -------
        int
            Files that were removed.
        """
        return vacuum_table(self._log(principal, kind), older_than_ns)

    def verify(self, principal: Principal, kind: str) -> int:
        """Check each entry, bundle and file of a table; return the number of files."""
        log = self._log(principal, kind)
        files = [file for file, _ in log.verify().live.values()]
        require(log.folder, files)
        return len(files)

    def _chosen(
        self, principal: Principal, kind: str, wanted: Wanted
    ) -> tuple[Path, dict[str, pl.DataType], list[tuple[TickFile, Span]]]:
        log = self._log(principal, kind)
        with log.lock:
            state = log.state()
            asked = state.version if wanted.version is None else wanted.version
            if not 1 <= asked <= state.version:
                raise NotFoundError(
                    f"No version {asked} of the {kind} data: there are {state.version}."
                    if state.version
                    else f"No {kind} data are in the lake."
                )
            schema = state.schema_at(asked)
            wanted.require(schema)
            return log.folder, schema, chosen(state, wanted)

    def _log(self, principal: Principal, kind: str) -> TableLog:
        (part,) = checked_parts(kind, "A kind of market data")[:1]
        if part != kind:
            raise InputError(
                f"A kind of market data is one name, was {kind!r:.120}.",
                way_out="Leave out the '/'.",
            )
        with self._lock:
            place = (principal.tenant, kind)
            if place not in self._logs:
                folder = inside(self.root, principal.tenant, "market", kind)
                self._logs[place] = TableLog(folder)
            return self._logs[place]


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise FullError("No space is left for the lake; nothing was stored.") from error
