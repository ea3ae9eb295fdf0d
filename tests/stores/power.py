"""Two ways to lose what was not made durable: kill -9, and a disk without power.

A kill cannot show a missing fsync (the kernel keeps the pages); a `Platter` can: of
what was not synced it keeps nothing, or any part of it, torn anywhere.
"""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Self

import apsw

from stores.appended import ANN, AUDIT, CLOCK
from tradeloop.errors import TradeloopError
from tradeloop.stores.base import Event
from tradeloop.stores.journal import open_journal

SECTOR = 512

NURSERY = """
import os, signal, sys, threading, time
from pathlib import Path
from stores.appended import ANN, AUDIT, CLOCK
from tradeloop.stores.base import Entry, Event, Submission
from tradeloop.stores.group_commit import GroupCommit
from tradeloop.stores.journal import open_journal

def told(text):
    os.write(1, f"{text}\\n".encode())  # one write of less than a page: never mixed

class SlowDisk:
    def __init__(self, journal):
        self.journal = journal
    def write(self, submissions):
        time.sleep(0.03)
        return self.journal.write(submissions)

def write(path, life, when):
    journal = open_journal(Path(path), CLOCK)
    group = GroupCommit(SlowDisk(journal) if when == "early" else journal)
    def submit(thread):
        for k in range(10**9):
            ids = [f"{life}-{thread}-{k}-{i}" for i in range(3)]
            entries = [Entry("decision", f"f{thread}", Event(i, 1, 1, {})) for i in ids]
            future = group.submit(Submission(ANN, tuple(entries), AUDIT))
            if when == "early":
                told(f"{thread}-{k}")
            future.result()
            if when != "early":
                told(f"{thread}-{k}")
    for thread in range(4):
        threading.Thread(target=submit, args=(thread,)).start()

for line in sys.stdin:
    child = os.fork()
    if not child:
        write(*line.split())
        signal.pause()
    told(f"pid {child}")
    os.waitpid(child, 0)
    told("dead")
"""


class Nursery:
    """Forks writers that are killed: a process that has imported all, once."""

    def __enter__(self) -> Self:
        paths = os.pathsep.join(path for path in sys.path if path)
        self.process = subprocess.Popen(
            [sys.executable, "-c", NURSERY],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": paths},
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def killed(self, path: Path, life: int, acks: int, when: str = "after") -> set[str]:
        """Ids that a writer acknowledged before it was killed."""
        self.process.stdin.write(f"{path} {life} {when}\n")
        self.process.stdin.flush()
        pid, groups = 0, set()
        while (line := self.process.stdout.readline().strip()) != "dead":
            if line.startswith("pid"):
                pid = int(line.split()[1])
            else:
                groups.add(line)
            if pid and len(groups) >= acks:
                os.kill(pid, signal.SIGKILL)
                acks = 10**9
        return {f"{life}-{group}-{i}" for group in groups for i in range(3)}


class Platter(apsw.VFS):
    """A disk that loses, when its power is cut, what was not synced to it.

    Parameters
    ----------
    name : str
        Under which SQLite knows it.
    operations : int
        Writes, cuts and syncs until the power goes.
    """

    def __init__(self, name: str, operations: int) -> None:
        self.base, self.left = apsw.vfs_names()[0], operations
        self.synced: dict[str, bytearray] = {}
        self.loose: dict[str, list[tuple[int, bytes]]] = {}
        super().__init__(name, base=self.base)

    def xOpen(self, name, flags):  # noqa: N802 - SQLite's name
        return PlatterFile(self, name, flags)

    def xDelete(self, name, sync_dir):  # noqa: N802 - SQLite's name
        self.turn()
        self.synced.pop(Path(name).name, None)
        self.loose.pop(Path(name).name, None)
        super().xDelete(name, sync_dir)

    def turn(self) -> None:
        self.left -= 1
        if self.left <= 0:
            raise apsw.IOError("no power")

    def survivors(self, folder: Path, random: Random, keep: float) -> Path:
        """Files as they are found: what was synced, and any part of the rest."""
        folder.mkdir()
        for name, synced in self.synced.items():
            data = bytearray(synced)
            for at, written in self.loose.get(name, []):
                if random.random() < keep:
                    end = random.randrange(0, len(written) + SECTOR, SECTOR)
                    put(data, at, written[:end])
            (folder / name).write_bytes(data)
        return folder / "j.db"


class PlatterFile(apsw.VFSFile):
    def __init__(self, vfs: Platter, name, flags) -> None:
        self.platter = vfs
        self.name = Path(name if isinstance(name, str) else name.filename()).name
        super().__init__(vfs.base, name, flags)

    def xWrite(self, data, offset):  # noqa: N802 - SQLite's name
        self.platter.turn()
        super().xWrite(data, offset)
        self.platter.loose.setdefault(self.name, []).append((offset, bytes(data)))

    def xTruncate(self, size):  # noqa: N802 - SQLite's name
        self.platter.turn()
        super().xTruncate(size)

    def xSync(self, flags):  # noqa: N802 - SQLite's name
        self.platter.turn()
        super().xSync(flags)
        synced = self.platter.synced.setdefault(self.name, bytearray())
        for at, written in self.platter.loose.pop(self.name, []):
            put(synced, at, written)


def put(data: bytearray, at: int, written: bytes) -> None:
    data.extend(bytes(max(at - len(data), 0)))
    data[at : at + len(written)] = written


@dataclass
class Cut:
    """What was acknowledged before the power went, and what was there after."""

    acknowledged: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)

    @property
    def lost(self) -> set[str]:
        return set(self.acknowledged) - set(self.found)


def cut_power(
    folder: Path, seed: int, *, keep: float, synchronous: int | None = None
) -> Cut:
    """Append until the power goes at any write or sync; look at what is left."""
    random, cut = Random(seed), Cut()  # noqa: S311 - when the power goes
    disk = Platter(f"platter-{seed}", operations=random.randint(30, 600))
    folder.mkdir()
    apsw.set_default_vfs(f"platter-{seed}")
    try:
        write_until_dark(folder / "j.db", cut, random, synchronous)
    finally:
        apsw.set_default_vfs(disk.base)
        disk.unregister()
    if "j.db" in disk.synced:
        cut.found = stored(disk.survivors(folder / "after", random, keep))
    return cut


def write_until_dark(
    path: Path, cut: Cut, random: Random, synchronous: int | None
) -> None:
    dark: list[str] = []
    try:
        journal = open_journal(path, CLOCK, on_disk_failure=dark.append)
    except (TradeloopError, apsw.Error):
        return
    if synchronous is not None:
        journal._database._connection.pragma("synchronous", synchronous)
    k = 0
    while not dark:
        group = [
            Event(f"d{i}", i, i, {"i": i}) for i in range(k, k + random.choice((1, 9)))
        ]
        try:
            said = journal.append(ANN, "decision", "feed", group, AUDIT)
        except TradeloopError:
            break
        cut.acknowledged += [receipt.event_id for receipt in said]
        k += len(group)
    journal.close()


def stored(path: Path) -> list[str]:
    """Ids in a journal, which must be whole."""
    with open_journal(path, CLOCK) as journal:
        found = [event.event_id for event in journal.events(ANN, "decision")]
        assert journal.verify() == len(found) == len(set(found))
        assert journal.ledger(ANN).balanced
        assert journal.gaps(ANN) == []
        with journal._database.reading() as connection:
            assert connection.pragma("integrity_check") == "ok"
    return found
