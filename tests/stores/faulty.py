"""A disk whose writes and syncs fail when it is told to."""

from pathlib import Path

import apsw


class Faulty(apsw.VFS):
    """A disk that raises ``error`` in the operations of ``fails``."""

    def __init__(self, name: str) -> None:
        self.base, self.called = apsw.vfs_names()[0], name
        self.error: Exception | None = None
        self.fails: tuple[str, ...] = ()
        super().__init__(name, base=self.base)

    def __enter__(self):
        apsw.set_default_vfs(self.called)
        return self

    def __exit__(self, *_):
        self.error = None
        apsw.set_default_vfs(self.base)
        self.unregister()

    def xOpen(self, name, flags):  # noqa: N802 - SQLite's name
        return FaultyFile(self, name, flags)

    def fail(self, error: Exception | None, *operations: str) -> None:
        self.error, self.fails = error, operations

    def turn(self, operation: str, name: str) -> None:
        if self.error and f"{operation} {name}" in self.fails:
            raise self.error


class FaultyFile(apsw.VFSFile):
    def __init__(self, vfs: Faulty, name, flags) -> None:
        path = Path(name if isinstance(name, str) else name.filename())
        self.faulty, self.part = vfs, path.name.rpartition("-")[2]
        super().__init__(vfs.base, name, flags)

    def xWrite(self, data, offset):  # noqa: N802 - SQLite's name
        self.faulty.turn("write", self.part)
        super().xWrite(data, offset)

    def xSync(self, flags):  # noqa: N802 - SQLite's name
        self.faulty.turn("sync", self.part)
        super().xSync(flags)
