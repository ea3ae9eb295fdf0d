"""SQLite through apsw: a safe version, settings that are read back, one transaction."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

import apsw

from tradeloop.errors import BusyError, InputError, TradeloopError
from tradeloop.stores.lock import WriterLock
from tradeloop.stores.schema import is_current, upgrade_sql

# SQLite before 3.51.3 can damage a database in WAL mode when two connections write and
# checkpoint at the same moment (the WAL-reset bug).
_SAFE = (3, 51, 3)
_BUSY_MS = 5_000
_SETTINGS = {
    "journal_mode": "wal",  # readers beside the writer
    "synchronous": 2,  # FULL: with NORMAL a power cut loses acknowledged commits
    "foreign_keys": 1,
    "trusted_schema": 0,
    "mmap_size": 0,  # a failed read is an error, not a signal
    "fullfsync": 1,  # macOS: through the drive's cache
    "checkpoint_fullfsync": 1,
}


class Database:
    """One SQLite file with one writer, at the schema that this code knows.

    Parameters
    ----------
    path : Path
        The file; a writer makes it where it is absent.
    read_only : bool
        Read beside a writer; takes no lock and changes nothing.

    Raises
    ------
    BusyError
        Another process writes to it.
    InputError
        No such file, no database, or a schema that a newer Tradeloop wrote.
    """

    def __init__(self, path: Path, *, read_only: bool) -> None:
        self.path, self.read_only = path, read_only
        self._lock: WriterLock | None = None
        self._threads, self._pid, self._failed = RLock(), os.getpid(), False
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
        if self._pid == os.getpid():
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
            try:
                # Deferred, it would fail at once when it turns from reading to writing.
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            except BaseException as error:
                self._undo(connection, error)
                raise

    @contextmanager
    def reading(self) -> Iterator[apsw.Connection]:
        """One snapshot; inside `writing` of the same thread, the unfinished write."""
        with self._threads:
            connection = self._mine()
            if connection.in_transaction:
                yield connection
                return
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("COMMIT")

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
        if isinstance(error, apsw.IOError):
            # A failed fsync may have dropped the pages: asking again would lie.
            self._failed = True
            connection.close()
            self._release()
        elif connection.in_transaction:
            connection.execute("ROLLBACK")
        if isinstance(error, apsw.Error):
            raise _told(error, self.path) from error

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
        try:
            connection = apsw.Connection(str(self.path), flags=flags)
            connection.set_busy_timeout(_BUSY_MS)
            self._prepare(connection)
        except apsw.Error as error:
            raise _told(error, self.path) from error
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
        if not current:
            self._upgrade(connection)

    def _upgrade(self, connection: apsw.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(upgrade_sql("journal", _revision(connection)))
        connection.execute("COMMIT")
        folder = os.open(self.path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


def _revision(connection: apsw.Connection) -> str | None:
    if not connection.table_exists("main", "alembic_version"):
        return None
    found: Any = connection.execute("SELECT version_num FROM alembic_version").get
    return None if found is None else str(found)


def _told(error: apsw.Error, path: Path) -> TradeloopError:
    """Say what SQLite says in our words, with the way out."""
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return BusyError(f"{path} is being written by another program: {error}.")
    if isinstance(error, apsw.CantOpenError | apsw.NotADBError):
        return InputError(
            f"This is no journal: {error}.",
            way_out="Give the path of a journal; a writer makes a new one.",
            source=str(path),
        )
    if isinstance(error, apsw.FullError):
        return TradeloopError(
            f"No space left for {path}; nothing of this write was stored. "
            "Free space and send it again."
        )
    return TradeloopError(f"{path}: {type(error).__name__}: {error}")
