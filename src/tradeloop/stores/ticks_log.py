"""The log of a table: versions without holes, each put where nothing was.

``_log/000000000007.json`` is version 7. Its writer brought the files that it names to
the disk first, then the entry under a name of its own, and then linked it to the name
of the version, which fails where another writer was first. ``_log/000000000256.bundle``
repeats the entries 1 to 256, so that a long log is read with few opens.
"""

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock

import polars as pl

from tradeloop.errors import DamagedError
from tradeloop.stores import folder as disk
from tradeloop.stores.canonical import GENESIS, digest
from tradeloop.stores.ticks_entry import Entry, Keyed, TickFile, entry_of

LOG = "_log"
BUNDLE = 256
_LOCK = ".lock"
_WAY_OUT = "Restore it from a backup."


@dataclass
class State:
    """What the log says up to a version.

    Parameters
    ----------
    version : int
        Last version; 0 before the first.
    sha256 : str
        Hash of the last entry: it stands for all that was before.
    schema : dict of str to polars data type
        All columns.
    live : dict of str to (TickFile, version)
        Files to read, with the version that added each.
    replaced : dict of str to int
        Files that are read no more, and the version that replaced them.
    keys : dict of str to (version, Keyed)
        What was appended.
    columns : list of (version, int)
        How many columns there were from a version on.
    """

    version: int = 0
    sha256: str = GENESIS
    schema: dict[str, pl.DataType] = field(default_factory=dict)
    live: dict[str, tuple[TickFile, int]] = field(default_factory=dict)
    replaced: dict[str, int] = field(default_factory=dict)
    keys: dict[str, tuple[int, Keyed]] = field(default_factory=dict)
    columns: list[tuple[int, int]] = field(default_factory=list)

    def schema_at(self, version: int) -> dict[str, pl.DataType]:
        """Columns that the table had at a version: later ones stand behind them."""
        known = max((n for since, n in self.columns if since <= version), default=0)
        return dict(list(self.schema.items())[:known])

    def follow(self, entry: Entry, own: str) -> None:
        """Take the next entry in.

        Raises
        ------
        ValueError
            It is not the next one.
        """
        if (entry.version, entry.previous) != (self.version + 1, self.sha256):
            raise ValueError("it does not follow the entry before")
        for path in entry.removed:
            if self.live.pop(path, None) is None:
                raise ValueError(f"it replaces {path}, which is not there")
            self.replaced[path] = entry.version
        self.live.update((file.path, (file, entry.version)) for file in entry.added)
        self.keys.update((k, (entry.version, told)) for k, told in entry.keys.items())
        self.version, self.sha256 = entry.version, own
        if len(entry.schema) != len(self.schema):
            self.columns.append((entry.version, len(entry.schema)))
        self.schema = dict(entry.schema)


class TableLog:
    """The log of one table, read on as it grows.

    Parameters
    ----------
    folder : Path
        Of the table.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self._log = folder, folder / LOG
        self.lock = RLock()
        self._state = State()
        self._held: set[Path] = set()

    def state(self) -> State:
        """Read what was added since the last time; hold `lock` while using it.

        Raises
        ------
        DamagedError
            An entry or a bundle does not match its hash, or does not follow.
        """
        with self.lock:
            while self._read_on():
                pass
            return self._state

    def commit(self, plan: Callable[[State], Entry | None]) -> Entry | None:
        """Add an entry; durable on return.

        Parameters
        ----------
        plan : callable of State to Entry or None
            Makes the next entry, and is asked again after each lost race; None gives
            up. What the entry names must be on the disk.
        """
        with self.lock:
            while (entry := plan(self.state())) is not None:
                if self._put(entry):
                    break
            # Also for what was found: its writer may have died before this.
            if self._state.version or entry:
                disk.fsync(self._log)
            if entry is not None and entry.version % BUNDLE == 0:
                self._bundle(entry.version)
            return entry

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold off `sweeping` while files are written that no entry names yet."""
        with self.lock:
            self._durable(self._log)
        with self._locked(fcntl.LOCK_SH):
            yield

    @contextmanager
    def sweeping(self) -> Iterator[State]:
        """Wait until nobody writes; every file that no entry names is left over."""
        with self._locked(fcntl.LOCK_EX), self.lock:
            for left in self._log.glob(".*.tmp"):
                left.unlink()
            yield self.state()

    def written_ns(self, version: int) -> int:
        """When an entry was written, by the clock of the file system, ns UTC."""
        return self._place(version).stat().st_mtime_ns

    def persist(self, files: Sequence[Path]) -> None:
        """Bring new files to the disk, and all names that lead to them."""
        folders = {file.parent for file in files}
        disk.sync_files(files, folders)
        with self.lock:
            for folder in folders:
                self._durable(folder)

    def verify(self) -> State:
        """Read every single entry again, bundles too.

        Raises
        ------
        DamagedError
            Names the first file that is not right.
        """
        with self.lock:
            fresh, version = State(), self.state().version
            lines = []
            for number in range(1, version + 1):
                lines.append(self._text(self._place(number)))
                self._follow(fresh, [lines[-1]], self._place(number))
                place = self._place(number, "bundle")
                whole = "".join(lines[-BUNDLE:])
                bundled = number % BUNDLE == 0 and place.exists()
                if bundled and self._text(place) != whole:
                    raise _damaged(place, "it differs from the entries")
            return fresh

    def _read_on(self) -> bool:
        at = self._state.version
        if at % BUNDLE == 0:
            bundle = self._place(at + BUNDLE, "bundle")
            if bundle.exists():
                lines = [f"{line}\n" for line in self._text(bundle).split("\n")]
                if lines.pop() != "\n" or len(lines) != BUNDLE:
                    raise _damaged(bundle, f"it holds {len(lines)} entries")
                self._follow(self._state, lines, bundle)
                return True
        place = self._place(at + 1)
        if not place.exists():
            return False
        self._follow(self._state, [self._text(place)], place)
        return True

    def _follow(self, state: State, lines: list[str], place: Path) -> None:
        try:
            for line in lines:
                state.follow(*entry_of(line))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self._state = State()
            raise _damaged(place, str(error)) from error

    def _text(self, place: Path) -> str:
        try:
            return read_bytes(place).decode()
        except (OSError, ValueError) as error:
            raise _damaged(place, str(error)) from error

    def _put(self, entry: Entry) -> bool:
        text, own = entry.line()
        file = new_file(self._log, f".{own[:16]}", ".tmp", text.encode())
        try:
            disk.fsync(file)
            won = disk.put_if_absent(file, self._place(entry.version))
        finally:
            file.unlink(missing_ok=True)
        return won

    def _bundle(self, version: int) -> None:
        """Write the bundles that are missing up to a version; a comfort, no promise."""
        with suppress(OSError):
            for end in range(BUNDLE, version + 1, BUNDLE):
                if self._place(end, "bundle").exists():
                    continue
                places = map(self._place, range(end - BUNDLE + 1, end + 1))
                text = "".join(self._text(place) for place in places).encode()
                name = f".{digest(str(end))[:16]}"
                file = new_file(self._log, name, ".tmp", text)
                disk.fsync(file)
                disk.put_if_absent(file, self._place(end, "bundle"))
                file.unlink()

    def _place(self, version: int, suffix: str = "json") -> Path:
        return self._log / f"{version:012d}.{suffix}"

    def _durable(self, folder: Path) -> None:
        """Make a folder; its name and those above are durable, whoever made them."""
        folder.mkdir(parents=True, exist_ok=True)
        for path in (folder, *folder.parents[:-1]):
            if path in self._held:
                break
            # What we may not read, we did not make.
            with suppress(PermissionError):
                disk.fsync(path.parent)
            self._held.add(path)

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        file = os.open(self._log / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(file, how)
            yield
        finally:
            os.close(file)


def _damaged(place: Path, why: str) -> DamagedError:
    return DamagedError(f"{place} is damaged: {why}. {_WAY_OUT}")


def new_file(folder: Path, stem: str, suffix: str, data: bytes | memoryview) -> Path:
    """Write a file under the first name of its stem that is free."""
    number = 0
    while True:
        path = folder / f"{stem}-{number}{suffix}"
        try:
            disk.write_file(path, data)
        except FileExistsError:
            number += 1
        except OSError:
            path.unlink(missing_ok=True)  # half a file on a full disk
            raise
        else:
            return path


def read_bytes(path: Path) -> bytes:
    """Read a file, and not through a link: what that leads to can change."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as stream:
        return stream.read()
