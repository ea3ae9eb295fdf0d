"""Folders of files that appear whole or not at all, and never change.

1. The files are written into a folder of their own under ``.incoming``, in the file
   system of the root, with a lock on it while its writer lives.
2. ``manifest.json`` is written last; then everything is brought to the disk at once:
   thousands of small files cost one ``syncfs`` instead of thousands of ``fsync``.
3. One rename puts the folder in its place. Where one is already, the rename fails.
4. What a killed writer left under ``.incoming`` is removed by the next one.
"""

import ctypes
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

INCOMING = ".incoming"
_READ_ONLY = 0o444
_FEW = 8  # files that are cheaper to sync one by one


@contextmanager
def staged(root: Path) -> Iterator[Path]:
    """Give an empty folder that vanishes unless `publish` moves it to its place."""
    incoming = root / INCOMING
    incoming.mkdir(parents=True, exist_ok=True)
    gate = os.open(incoming, os.O_RDONLY)
    try:
        # One at a time: a folder is not swept between its making and its lock.
        fcntl.flock(gate, fcntl.LOCK_EX)
        _sweep(incoming)
        folder = Path(tempfile.mkdtemp(dir=incoming))
        lock = os.open(folder, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_SH)
    finally:
        os.close(gate)
    try:
        folder.chmod(0o755)
        yield folder
    finally:
        os.close(lock)
        shutil.rmtree(folder, ignore_errors=True)


def write_file(path: Path, data: bytes | memoryview) -> None:
    """Write a file that is not to change; its folder must be there."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    file = os.open(path, flags, _READ_ONLY)
    with os.fdopen(file, "wb", buffering=0) as out:
        view = memoryview(data)
        while view:
            view = view[out.write(view) :]


def put_if_absent(file: Path, place: Path) -> bool:
    """Give a file, which must be on the disk, a second name, unless that is taken.

    Returns
    -------
    bool
        False where something lies at ``place``: another writer was first. The name is
        durable after `fsync` of its folder.
    """
    try:
        os.link(file, place)
    except FileExistsError:
        return False
    return True


def publish(folder: Path, place: Path) -> bool:
    """Bring a staged folder to the disk and to its place.

    Returns
    -------
    bool
        False where something lies at ``place`` already; it is left as it is.
    """
    _sync_tree(folder)
    missing = [p for p in place.parents if not p.exists()]
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.rename(place)
    except OSError:
        if place.exists():
            return False
        raise
    for made in [place.parent, *(p.parent for p in missing)]:
        fsync(made)
    return True


def withdraw(root: Path, place: Path) -> bool:
    """Take a folder out of sight at once, then remove its files.

    Returns
    -------
    bool
        False where nothing lies at ``place``. What a crash leaves is under
        ``.incoming``, where the next writer removes it.
    """
    with staged(root) as folder:
        try:
            place.rename(folder / place.name)
        except FileNotFoundError:
            return False
        fsync(place.parent)
    return True


def sync_files(files: Sequence[Path], folders: Iterable[Path]) -> None:
    """Bring new files to the disk, then the folders that hold their names.

    Many files cost one ``syncfs`` where the system has it, which takes all folders of
    the file system along.
    """
    if len(files) > _FEW and _syncfs(files[0].parent):
        return
    for path in (*files, *dict.fromkeys(folders)):
        fsync(path)


def _sweep(incoming: Path) -> None:
    """Remove what killed writers left."""
    for left in incoming.iterdir():
        try:
            lock = os.open(left, os.O_RDONLY)
        except FileNotFoundError:
            continue
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left, ignore_errors=True)
        os.close(lock)


def _sync_tree(folder: Path) -> None:
    if _syncfs(folder):
        return
    for here, _, names in os.walk(folder):
        for name in names:
            fsync(Path(here, name))
        fsync(Path(here))


def _syncfs(folder: Path) -> bool:
    """Sync the whole file system of a folder; False where there is no such call."""
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "syncfs"):
        return False
    file = os.open(folder, os.O_RDONLY)
    failed = library.syncfs(file)
    number = ctypes.get_errno()
    os.close(file)
    if failed:
        raise OSError(number, os.strerror(number), str(folder))
    return True


def fsync(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
