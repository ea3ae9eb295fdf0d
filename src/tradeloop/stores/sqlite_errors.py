"""What SQLite says, in our words; and what a failed disk does to the process."""

import errno
import os
import sys
from pathlib import Path
from typing import NoReturn

import apsw

from tradeloop.errors import (
    BusyError,
    DamagedError,
    FullError,
    InputError,
    TradeloopError,
)

EXIT_CODE = 70  # of a process whose disk failed: EX_SOFTWARE of sysexits.h
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
# A failed sync is never among them: what it left on the disk is not known.
_MAY_BE_FULL = (
    apsw.SQLITE_IOERR_WRITE,
    apsw.SQLITE_IOERR_SHMSIZE,
    apsw.SQLITE_IOERR_TRUNCATE,
)


def end_process(message: str) -> NoReturn:
    """Say on stderr that the disk failed, and end the process at once.

    After a failed fsync the kernel may have dropped the pages that it could not write,
    and a second fsync says that all is well. Only a new process, which reads what is on
    the disk, knows what was stored; nobody was told of anything else.
    """
    sys.stderr.write(f"tradeloop: {message}\n")
    sys.stderr.flush()
    os._exit(EXIT_CODE)


def is_full(error: BaseException, connection: apsw.Connection) -> bool:
    """Whether no space was left."""
    if isinstance(error, apsw.FullError):
        return True
    return (
        isinstance(error, apsw.IOError)
        and getattr(error, "extendedresult", 0) in _MAY_BE_FULL
        and connection.system_errno in _NO_SPACE
    )


def told(error: apsw.Error, path: Path, *, full: bool = False) -> TradeloopError:
    """Say what SQLite says in our words, with the way out."""
    if full or isinstance(error, apsw.FullError):
        return FullError(
            f"No space left for {path}; nothing of this write was stored. "
            "Free space and send it again."
        )
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return BusyError(f"{path} is being written by another program: {error}.")
    if isinstance(error, apsw.CantOpenError | apsw.NotADBError):
        return InputError(
            f"This is no journal: {error}.",
            way_out="Give the path of a journal; a writer makes a new one.",
            source=str(path),
        )
    if isinstance(error, apsw.CorruptError):
        return DamagedError(f"{path} is damaged: {error}. Restore it from a backup.")
    return TradeloopError(f"{path}: {type(error).__name__}: {error}")
