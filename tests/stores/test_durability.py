"""Killed while it writes, the journal holds every acknowledged event, once.

A kill cannot show a missing fsync (the kernel keeps the pages); that the commit is
synchronous is shown by a disk that forgets, at a power cut, what was not synced. Both
harnesses have a control that must lose something.
"""

import subprocess
import sys
from pathlib import Path
from random import Random

import apsw
import pytest

from tradeloop.clock import ReplayClock
from tradeloop.events import AuditEntry, Principal
from tradeloop.stores.base import Event
from tradeloop.stores.journal import open_journal

ANN = Principal("acme", "ann")
AUDIT = AuditEntry(ANN, 5, "record decision", "feed")
CLOCK = ReplayClock(7)
KILLS = 5

CHILD = """
import sys
import time
from pathlib import Path
from tradeloop.clock import ReplayClock
from tradeloop.events import AuditEntry, Principal
from tradeloop.stores.base import Event
from tradeloop.stores.journal import open_journal

who = Principal("acme", "ann")
audit = AuditEntry(who, 5, "record decision", "feed")
k, early = int(sys.argv[2]), sys.argv[3] == "early"
with open_journal(Path(sys.argv[1]), ReplayClock(7)) as journal:
    while True:
        group = [Event(f"d{i}", i, i, {"i": i}) for i in range(k, k + 3)]
        if early:
            print(k, flush=True)
            time.sleep(0.1)
        journal.append(who, "decision", "feed", group, audit)
        if not early:
            print(k, flush=True)
        k += 3
"""


def killed(path: Path, first: int, acks: int, when: str) -> list[int]:
    """First ids of the groups that a killed child acknowledged."""
    command = [sys.executable, "-c", CHILD, str(path), str(first), when]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        seen = [int(child.stdout.readline()) for _ in range(acks)]
        child.kill()
        seen += [int(line) for line in child.stdout if line.endswith("\n")]
    return seen


def stored(path: Path) -> list[str]:
    with open_journal(path, CLOCK) as journal:
        found = [event.event_id for event in journal.events(ANN, "decision")]
        assert journal.verify() == len(found)
        assert journal.ledger(ANN).balanced
        assert journal.gaps(ANN) == []
    return found


def test_a_killed_writer_leaves_every_acknowledged_event_once(tmp_path: Path):
    path, random = tmp_path / "j.db", Random(2)  # noqa: S311 - a test's kill times
    acknowledged: set[str] = set()
    for _ in range(KILLS):
        first = 3 * len(stored(path))
        for k in killed(path, first, random.randint(3, 60), "after"):
            acknowledged |= {f"d{i}" for i in range(k, k + 3)}
        found = stored(path)
        assert len(found) == len(set(found))
        assert acknowledged <= set(found)
        assert len(found) % 3 == 0  # a group is there whole or not at all


def test_the_harness_sees_a_writer_that_acknowledges_too_early(tmp_path: Path):
    path = tmp_path / "j.db"
    seen = killed(path, 0, 2, "early")
    assert len(stored(path)) < 3 * len(seen)


class Platter(apsw.VFS):
    """A disk that holds, after a power cut, only what was synced to it."""

    def __init__(self) -> None:
        self.base, self.synced = apsw.vfs_names()[0], {}
        super().__init__("platter", base=self.base)

    def xOpen(self, name, flags):  # noqa: N802 - SQLite's name
        return PlatterFile(self, name, flags)

    def xDelete(self, name, sync_dir):  # noqa: N802 - SQLite's name
        self.synced.pop(Path(name).name, None)
        super().xDelete(name, sync_dir)

    def after_a_power_cut(self, folder: Path) -> Path:
        folder.mkdir()
        for name, data in self.synced.items():
            (folder / name).write_bytes(data)
        return folder / "j.db"


class PlatterFile(apsw.VFSFile):
    def __init__(self, vfs: Platter, name, flags) -> None:
        self.platter = vfs
        self.path = Path(name if isinstance(name, str) else name.filename())
        super().__init__(vfs.base, name, flags)

    def xSync(self, flags):  # noqa: N802 - SQLite's name
        super().xSync(flags)
        self.platter.synced[self.path.name] = self.path.read_bytes()


@pytest.fixture
def platter():
    disk = Platter()
    apsw.set_default_vfs("platter")
    yield disk
    apsw.set_default_vfs(disk.base)
    disk.unregister()


def survivors(disk: Platter, folder: Path, *, synchronous: int) -> list[list[str]]:
    """Ids that a power cut after each of ten acknowledged appends would leave."""
    found = []
    with open_journal(folder / "j.db", CLOCK) as journal:
        journal._database._connection.pragma("synchronous", synchronous)
        for k in range(10):
            event = Event(f"d{k}", k, k, {"k": k})
            journal.append(ANN, "decision", "feed", [event], AUDIT)
            found.append(disk.after_a_power_cut(folder / f"cut{k}"))
    apsw.set_default_vfs(disk.base)
    return [stored(path) for path in found]


def test_a_power_cut_after_any_append_loses_nothing_acknowledged(tmp_path, platter):
    found = survivors(platter, tmp_path, synchronous=2)
    assert found == [[f"d{i}" for i in range(k + 1)] for k in range(10)]


def test_the_power_cut_shows_a_commit_that_is_not_synced(tmp_path, platter):
    found = survivors(platter, tmp_path, synchronous=1)
    assert len(found[-1]) < 10
