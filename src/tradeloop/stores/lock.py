"""One writer at a time: an advisory lock on a file that names its holder."""

import fcntl
import os
from pathlib import Path

from tradeloop.errors import BusyError


class WriterLock:
    """A lock that the system frees when its process ends, however it ends.

    Parameters
    ----------
    path : Path
        File to lock; it stays behind, empty, after release.
    what : str
        What is held, for the message.

    Raises
    ------
    BusyError
        Another process, or another lock in this one, holds it.
    """

    def __init__(self, path: Path, what: str) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._file, 64).decode(errors="replace") or "a process"
            os.close(self._file)
            raise BusyError(
                f"{what} is held for writing by {holder} (lock {path}). "
                "Wait until it ends, or open it with read_only=True."
            ) from None
        os.ftruncate(self._file, 0)
        os.write(self._file, f"process {os.getpid()}".encode())

    def release(self) -> None:
        """Give the lock back; a second call does nothing."""
        if self._file >= 0:
            os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = -1
