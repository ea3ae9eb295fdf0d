"""SQLite through apsw: a safe version, settings that are read back, one writer.

1. One connection writes, under a lock; readers have connections of their own, so that a
   long look at the journal does not hold up a write.
2. A transaction is durable when `writing` ends. The log (WAL) is then folded into the
   file by the same connection: a little at a time, and whole before it grows too large.
3. No space left: the transaction is undone and the journal lives on. Any other failure
   of the disk under a write ends the process (`sqlite_errors.end_process` says why).
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock, get_ident
from typing import Any

import apsw

from tradeloop.errors import BusyError, InputError, TradeloopError
from tradeloop.stores.journal_verify import chain_states
from tradeloop.stores.lock import WriterLock
from tradeloop.stores.schema import is_current, upgrade_sql
from tradeloop.stores.sqlite_errors import end_process, is_full, told

# SQLite before 3.51.3 can damage a database in WAL mode when two connections write and
# checkpoint at the same moment (the WAL-reset bug).
_SAFE = (3, 51, 3)
_BUSY_MS = 5_000
_PAGE = 4096  # bytes; SQLite's default
_FOLD_PAGES = 4 * 1024 * 1024 // _PAGE  # of the log, before it is folded in
_MOST_PAGES = 64 * 1024 * 1024 // _PAGE
_FOLD_WAIT_MS = 200  # for readers, when the log must shrink
_SPARE_READERS = 4
_OF_READERS = {
    "trusted_schema": 0,
    "mmap_size": 0,  # a failed read is an error, not a signal
}
_SETTINGS = _OF_READERS | {
    "journal_mode": "wal",  # readers beside the writer
    "synchronous": 2,  # FULL: with NORMAL a power cut loses acknowledged commits
    "foreign_keys": 1,
    "fullfsync": 1,  # macOS: through the drive's cache
    "checkpoint_fullfsync": 1,
    "wal_autocheckpoint": 0,  # `_fold` does it: SQLite would hide a failed sync
    "journal_size_limit": _MOST_PAGES * _PAGE,
}


class Database:
    """One SQLite file with one writer, at the schema that this code knows.

    Parameters
    ----------
    path : Path
        The file; a writer makes it where it is absent.
    read_only : bool
        Read beside a writer; takes no lock and changes nothing.
    on_disk_failure : callable
        Told when the disk failed under a write; by default the process ends. Where it
        returns, the journal refuses every further write.

    Raises
    ------
    BusyError
        Another process writes to it.
    InputError
        No such file, no database, or a schema that a newer Tradeloop wrote.
    """

    def __init__(
        self,
        path: Path,
        *,
        read_only: bool,
        on_disk_failure: Callable[[str], object] = end_process,
    ) -> None:
        self.path, self.read_only = path, read_only
        self._on_disk_failure = on_disk_failure
        self._lock: WriterLock | None = None
        self._threads, self._writer = RLock(), 0
        self._pid, self._failed, self._closed = os.getpid(), False, False
        self._readers: list[apsw.Connection] = []
        self._log_pages = self._folded_at = 0
        if not read_only:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = WriterLock(path.with_name(path.name + ".lock"), f"{path}")
        try:
            self._connection = self._open()
        except BaseException:
            self._release()
            raise

    def close(self) -> None:
        """Close the file and let the next writer in."""
        if self._pid != os.getpid():
            return
        self._closed = True
        while self._readers:
            self._readers.pop().close()
        with self._threads:
            self._connection.close()
            self._release()

    @contextmanager
    def writing(self) -> Iterator[apsw.Connection]:
        """One transaction: durable when it ends, as if never begun when it raises."""
        if self.read_only:
            raise InputError(
                "The journal is open for reading only.",
                way_out="Open it without read_only.",
                source=str(self.path),
            )
        with self._threads:
            connection = self._mine()
            self._writer = get_ident()
            try:
                # Deferred, it would fail at once when it turns from reading to writing.
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
                self._fold(connection)
            except BaseException as error:
                self._undo(connection, error)
                raise
            finally:
                self._writer = 0

    @contextmanager
    def reading(self) -> Iterator[apsw.Connection]:
        """One snapshot; inside `writing` of the same thread, the unfinished write."""
        if self._writer == get_ident():
            yield self._connection
            return
        self._mine()
        try:
            connection = self._readers.pop()
        except IndexError:
            connection = self._connect(apsw.SQLITE_OPEN_READONLY)
        try:
            connection.execute("BEGIN")
            yield connection
            connection.execute("COMMIT")
        except BaseException as error:
            connection.close()
            if isinstance(error, apsw.Error):
                raise told(error, self.path) from error
            raise
        if self._closed or len(self._readers) >= _SPARE_READERS:
            connection.close()
        else:
            self._readers.append(connection)

    def _mine(self) -> apsw.Connection:
        """Refuse what would damage the file: a forked copy, or a disk that failed."""
        if self._pid != os.getpid():
            raise BusyError(
                f"{self.path} was opened by process {self._pid}, this is {os.getpid()}."
                " Open it in the process that uses it."
            )
        if self._failed:
            raise TradeloopError(
                f"The disk failed under {self.path}; what was not acknowledged is not "
                "stored. Check the disk, open the journal again, and send again."
            )
        return self._connection

    def _undo(self, connection: apsw.Connection, error: BaseException) -> None:
        full = is_full(error, connection)
        if isinstance(error, apsw.IOError) and not full:
            self._failed = True
            self._on_disk_failure(
                f"the disk failed under {self.path}: {error}. What was not "
                "acknowledged may not be stored. Check the disk and start again; send "
                "again what was not acknowledged."
            )
            with suppress(apsw.Error):
                connection.close()
            self._release()
        elif connection.in_transaction:
            connection.execute("ROLLBACK")
        if isinstance(error, apsw.Error):
            raise told(error, self.path, full=full) from error

    def _fold(self, connection: apsw.Connection) -> None:
        """Move what the log holds into the file, before the log grows too large."""
        pages = self._log_pages
        if pages <= self._folded_at:
            self._folded_at = 0  # the log began anew
        if pages - self._folded_at < _FOLD_PAGES:
            return
        self._folded_at, shrink = pages, pages > _MOST_PAGES
        mode = apsw.SQLITE_CHECKPOINT_TRUNCATE if shrink else None
        connection.set_busy_timeout(_FOLD_WAIT_MS)
        try:
            connection.wal_checkpoint("main", mode or apsw.SQLITE_CHECKPOINT_PASSIVE)
        except (apsw.BusyError, apsw.LockedError):
            pass  # a reader stands in the way; later
        except apsw.Error as error:
            if not is_full(error, connection):
                raise
        finally:
            connection.set_busy_timeout(_BUSY_MS)

    def _note_log(self, _: apsw.Connection, __: str, pages: int) -> int:
        self._log_pages = pages
        return apsw.SQLITE_OK

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()

    def _open(self) -> apsw.Connection:
        version = tuple(map(int, apsw.sqlite_lib_version().split(".")))
        if version < _SAFE:
            raise InputError(
                f"apsw brings SQLite {apsw.sqlite_lib_version()}, which can damage a "
                f"database in WAL mode; {'.'.join(map(str, _SAFE))} does not.",
                way_out="Run: pip install --upgrade apsw.",
            )
        flags = apsw.SQLITE_OPEN_READONLY
        if not self.read_only:
            flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        connection = self._connect(flags)
        try:
            self._prepare(connection)
        except BaseException as error:
            with suppress(apsw.Error):
                connection.close()
            if isinstance(error, apsw.Error):
                raise told(error, self.path) from error
            raise
        return connection

    def _connect(self, flags: int) -> apsw.Connection:
        try:
            connection = apsw.Connection(str(self.path), flags=flags)
            connection.set_busy_timeout(_BUSY_MS)
            for name, wanted in _OF_READERS.items():
                connection.pragma(name, wanted)
        except apsw.Error as error:
            raise told(error, self.path) from error
        return connection

    def _prepare(self, connection: apsw.Connection) -> None:
        current = is_current("journal", _revision(connection), str(self.path))
        if self.read_only:
            if not current:
                raise InputError(
                    "The journal has an older schema.",
                    way_out="Open it once for writing; that upgrades it.",
                    source=str(self.path),
                )
            return
        for name, wanted in _SETTINGS.items():
            connection.pragma(name, wanted)
            if (got := connection.pragma(name)) != wanted:
                raise InputError(
                    f"SQLite keeps {name} = {got}, the journal needs {wanted}.",
                    way_out="Put the journal on a local file system.",
                    source=str(self.path),
                )
        connection.set_wal_hook(self._note_log)
        if not current:
            self._upgrade(connection)

    def _upgrade(self, connection: apsw.Connection) -> None:
        before = _revision(connection)
        connection.execute("BEGIN IMMEDIATE")
        # A row that a statement returns would hold up those after it.
        connection.execute(upgrade_sql("journal", before)).fetchall()
        if before == "0001":
            chain_states(connection)
        connection.execute("COMMIT")
        folder = os.open(self.path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


def _revision(connection: apsw.Connection) -> str | None:
    if not connection.table_exists("main", "alembic_version"):
        return None
    found: Any = connection.execute("SELECT version_num FROM alembic_version").get
    return None if found is None else str(found)
