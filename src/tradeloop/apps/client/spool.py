"""What a client has emitted and nobody has acknowledged yet, on its own disk.

1. The spool is one SQLite file with one process. A message is in it, synced to the
   disk, before `put` returns.
2. Numbers count from 1 without a gap and are never given twice: SQLite keeps the
   highest one even when its message is gone. A new spool is a new life of the source:
   its epoch is the time at which it was made.
3. `drop` removes what the other side has acknowledged; `refuse` sets aside what the
   other side will never take, with its reason. Nothing else removes a message.
4. `put` leaves room on the disk: to remove a message takes some, and a spool that had
   filled the disk could never be emptied.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Any

import apsw

from tradeloop.clock import Clock
from tradeloop.errors import BusyError, FullError, InputError, TradeloopError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS life (
    source TEXT NOT NULL, epoch INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS message (
    n INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL, envelope TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS refused (
    n INTEGER PRIMARY KEY, event_id TEXT NOT NULL, envelope TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT;
"""
_RESERVE = 1 << 20
"""Bytes of the disk that `put` leaves, beside what a checkpoint may take."""
_MOST_SIZE = 4 << 20  # characters of a request
_SETTINGS = {"journal_mode": "wal", "synchronous": 2, "fullfsync": 1}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that waits for its acknowledgement.

    Parameters
    ----------
    n : int
        Its number in the life of the source.
    event_id : str
        Its id.
    envelope : str
        The CloudEvents message as JSON, without its number.
    """

    n: int
    event_id: str
    envelope: str


class Spool:
    """The spool of one source; safe to use from several threads of one process.

    Parameters
    ----------
    path : Path
        The file; made where it is absent.
    source : str
        Name of the source; a spool belongs to one.
    clock : Clock
        Names the epoch of a new spool.

    Raises
    ------
    BusyError
        Another process uses it.
    InputError
        It belongs to another source, or is no spool.
    """

    def __init__(self, path: Path, source: str, clock: Clock) -> None:
        self.path, self._threads, self._pid = path, RLock(), os.getpid()
        self._closed = False
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connection = apsw.Connection(str(path))
            # One process: the file stays locked until it is closed.
            self._connection.pragma("locking_mode", "exclusive")
            for name, value in _SETTINGS.items():
                self._connection.pragma(name, value)
            with self._writing():
                self._connection.execute(_SCHEMA)
                self.epoch = self._life(source, clock)
        except apsw.BusyError as error:
            raise BusyError(
                f"The spool {path} is used by another process. Give each process a "
                "spool of its own, and a source of its own."
            ) from error
        except (apsw.NotADBError, apsw.CantOpenError, apsw.ReadOnlyError) as error:
            raise InputError(
                f"This is no spool that can be written: {error}.",
                way_out="Name another file.",
                source=str(path),
            ) from error

    def _life(self, source: str, clock: Clock) -> int:
        query = "SELECT source, epoch FROM life"
        found: list[Any] = self._connection.execute(query).fetchall()
        if not found:
            life = (source, clock.now_ns())
            self._connection.execute("INSERT INTO life VALUES (?, ?)", life)
            return life[1]
        if found[0][0] != source:
            raise InputError(
                f"The spool belongs to source {found[0][0]!r}, not to {source!r}.",
                way_out="Give each source a spool of its own.",
                source=str(self.path),
            )
        return int(found[0][1])

    def put(self, messages: Sequence[tuple[str, str]]) -> list[int]:
        """Keep messages, given as (id, envelope); on the disk when this returns.

        Returns
        -------
        list of int
            Their numbers.

        Raises
        ------
        FullError
            The disk is full; none of them is kept.
        """
        insert = "INSERT INTO message (event_id, envelope) VALUES (?, ?) RETURNING n"
        with self._writing(room=sum(len(text) for _, text in messages)):
            return [self._connection.execute(insert, m).get for m in messages]

    def waiting(self, most: int) -> list[Waiting]:
        """Return the first messages that wait, in order; a few MiB of them at most."""
        query = "SELECT n, event_id, envelope FROM message ORDER BY n LIMIT ?"
        found: list[Waiting] = []
        size = 0
        with self._threads:
            row: Any
            for row in self._mine().execute(query, (most,)):
                size += len(row[2])
                if found and size > _MOST_SIZE:
                    break
                found.append(Waiting(*row))
        return found

    def drop(self, numbers: Sequence[int]) -> None:
        """Remove messages that were acknowledged."""
        with self._writing():
            self._connection.executemany(
                "DELETE FROM message WHERE n = ?", [(n,) for n in numbers]
            )

    def refuse(self, message: Waiting, reason: str) -> None:
        """Set a message aside that the other side will never take."""
        row = (message.n, message.event_id, message.envelope, reason)
        with self._writing():
            self._connection.execute("INSERT INTO refused VALUES (?, ?, ?, ?)", row)
            self._connection.execute("DELETE FROM message WHERE n = ?", (message.n,))

    def refused(self) -> list[tuple[Waiting, str]]:
        """Return what was set aside, with the reasons."""
        query = "SELECT n, event_id, envelope, reason FROM refused ORDER BY n"
        with self._threads:
            rows: list[Any] = self._mine().execute(query).fetchall()
        return [(Waiting(*row[:3]), row[3]) for row in rows]

    def count(self) -> int:
        """Count the messages that wait."""
        with self._threads:
            found: int = self._mine().execute("SELECT count(*) FROM message").get
        return found

    def close(self) -> None:
        """Close the file; what waits, waits there."""
        with self._threads:
            self._closed = True
            if self._pid == os.getpid():
                self._connection.close()

    def _mine(self) -> apsw.Connection:
        if self._pid != os.getpid():
            raise BusyError(
                f"The spool {self.path} was opened by process {self._pid}. Make a "
                "client, with a spool of its own, after the fork."
            )
        if self._closed:
            raise BusyError(f"The client of {self.path} was closed. Make another one.")
        return self._connection

    def _require_room(self, size: int) -> None:
        if self._free() >= size + _RESERVE:
            return
        # What was dropped is free again once the log is folded in.
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        pages: Any = self._connection.pragma("freelist_count")
        page_size: Any = self._connection.pragma("page_size")
        if self._free() + pages * page_size < size + _RESERVE:
            raise apsw.FullError("the room left is kept to empty the spool")

    def _free(self) -> int:
        """Bytes that are free beside those that a checkpoint may take."""
        disk = os.statvfs(self.path.parent)
        log = self.path.with_name(self.path.name + "-wal")
        return disk.f_bavail * disk.f_frsize - log.stat().st_size

    @contextmanager
    def _writing(self, room: int | None = None) -> Iterator[None]:
        with self._threads:
            connection = self._mine()
            try:
                if room is not None:
                    self._require_room(room)
                connection.execute("BEGIN IMMEDIATE")
                yield
                connection.execute("COMMIT")
            except BaseException as error:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                if isinstance(error, apsw.FullError):
                    raise FullError(
                        f"No space left for {self.path}; the message is not kept."
                    ) from error
                if isinstance(error, apsw.IOError):
                    raise TradeloopError(
                        f"The disk failed under {self.path}: {error}. The message may "
                        "not be kept; check the disk before going on."
                    ) from error
                raise
