"""Copy a journal while it is being written, and put a copy in place of a lost one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfile
from typing import Any

import apsw

from tradeloop.errors import DamagedError, InputError
from tradeloop.stores import journal_sql as sql
from tradeloop.stores.base import Mark
from tradeloop.stores.canonical import GENESIS
from tradeloop.stores.journal_verify import verify_chains
from tradeloop.stores.sqlite import Database
from tradeloop.stores.sqlite_errors import told

_PAGES = 1_000  # copied at a time
_BESIDE = ("-wal", "-shm", ".lock")  # files that SQLite and the lock leave


def copy_journal(source: apsw.Connection, to: Path) -> Mark:
    """Copy the snapshot in which ``source`` stands to a new file."""
    with _put_in_place(to) as unfinished:
        try:
            mark = _mark(source)
            copy = apsw.Connection(str(unfinished))
            try:
                with copy.backup("main", source, "main") as backup:
                    while not backup.done:
                        backup.step(_PAGES)
            finally:
                copy.close()
        except apsw.Error as error:
            raise told(error, to) from error
    return mark


def restore(backup: Path, to: Path, anchor: str = GENESIS) -> Mark:
    """Check a copy of a journal and put it where there is none.

    Parameters
    ----------
    backup : Path
        What `Journal.backup` wrote; it is not changed.
    to : Path
        Where the journal shall lie.
    anchor : str
        Head of an earlier `Mark`: what it stands for must be in the copy.

    Returns
    -------
    Mark
        How far the copy goes.

    Raises
    ------
    InputError
        There is a journal at ``to``, or no finished copy at ``backup``.
    DamagedError
        The copy does not match the hashes under which it was written.
    """
    log = backup.with_name(backup.name + "-wal")
    if not backup.is_file() or (log.exists() and log.stat().st_size > 0):
        raise InputError(
            "This is no finished copy of a journal.",
            way_out="Give a file that `tradeloop capture backup` wrote.",
            source=str(backup),
        )
    with _put_in_place(to) as unfinished:
        copyfile(backup, unfinished)
        database = Database(unfinished, read_only=False)
        try:
            with database.reading() as connection:
                mark = _checked(connection, backup, anchor)
        finally:
            database.close()
    return mark


def _mark(connection: apsw.Connection) -> Mark:
    rows: list[Any] = connection.execute(sql.MARK).fetchall()
    return Mark(*rows[0])


def _checked(connection: apsw.Connection, backup: Path, anchor: str) -> Mark:
    try:
        found = connection.execute("PRAGMA integrity_check").fetchall()
    except apsw.Error as error:
        raise DamagedError(f"{backup} is damaged: {error}.") from error
    if found != [("ok",)]:
        raise DamagedError(f"{backup} is damaged: {found[0][0]}.")
    verify_chains(connection, anchor)
    return _mark(connection)


@contextmanager
def _put_in_place(path: Path) -> Iterator[Path]:
    """Write a file under another name; it gets its own, durably, when all went well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".unfinished")
    _refuse(path, *(path.with_name(path.name + end) for end in _BESIDE[:2]))
    _remove(unfinished)
    try:
        yield unfinished
        _sync(unfinished)
        try:
            os.link(unfinished, path)  # unlike a rename it replaces nothing
        except FileExistsError:
            _refuse(path)
    finally:
        _remove(unfinished)
    _sync(path.parent)


def _refuse(*paths: Path) -> None:
    for path in paths:
        if path.exists():
            raise InputError(
                "There is a file already; it is not replaced.",
                way_out="Give another path, or move that file away first.",
                source=str(path),
            )


def _remove(unfinished: Path) -> None:
    for end in ("", *_BESIDE):
        unfinished.with_name(unfinished.name + end).unlink(missing_ok=True)


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
