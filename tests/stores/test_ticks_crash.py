"""Nothing acknowledged is lost: not by kill -9, not by power loss, not by a race."""

import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest

from stores.tick_writers import lost, run
from stores.ticked import ANN, KIND, day_of, log_of, slow_read
from tradeloop.errors import TradeloopError
from tradeloop.stores import folder, ticks_log
from tradeloop.stores.ticks import Ticks


def test_four_writers_killed_between_steps_lose_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(ticks_log, "BUNDLE", 8)
    acked, killed = run(tmp_path, [[17], [31], [44], [59]], 6)
    assert killed == 4
    assert len(acked) >= 4 * 6 - 4  # of a killed one's last nobody was told
    assert lost(tmp_path, acked) == []
    names = [path.stem for path in log_of(tmp_path)]
    assert names == [f"{number:012d}" for number in range(1, len(names) + 1)]
    again = Ticks(tmp_path)
    again.vacuum(ANN, KIND, older_than_ns=2**62)
    assert lost(tmp_path, acked) == []


def race(root: Path, monkeypatch) -> tuple[Ticks, list]:
    """Two writers; the second commits while the first is about to link its entry."""
    one, two = Ticks(root), Ticks(root)
    one.append(ANN, KIND, day_of("A", 0), key="0")
    told, real = [], folder.fsync

    def meanwhile(path):
        real(path)
        if path.suffix == ".tmp" and not told:
            told.append(None)
            told.append(two.append(ANN, KIND, day_of("B", 0), key="b"))

    monkeypatch.setattr(folder, "fsync", meanwhile)
    told.append(one.append(ANN, KIND, day_of("C", 0), key="c"))
    return Ticks(root), told[1:]


def test_who_loses_the_race_goes_behind_the_winner(tmp_path, monkeypatch):
    ticks, (first, second) = race(tmp_path, monkeypatch)
    assert (first.version, second.version) == (2, 3)
    rows = [day_of(name, 0) for name in "ABC"]
    assert ticks.read(ANN, KIND).rows() == slow_read(rows)
    assert ticks.verify(ANN, KIND) == 3


def test_an_entry_that_may_be_written_over_loses_the_winner(tmp_path, monkeypatch):
    """The control: without put-if-absent the same race loses a commit."""

    def over(file, place):
        shutil.copy(file, place)
        return True

    monkeypatch.setattr(folder, "put_if_absent", over)
    ticks, (first, second) = race(tmp_path, monkeypatch)
    assert (first.version, second.version) == (2, 2)  # both were told so
    assert ticks.find(ANN, KIND, "b") is None


def test_the_same_key_in_a_race_is_stored_once(tmp_path, monkeypatch):
    one, two = Ticks(tmp_path), Ticks(tmp_path)
    real, told = folder.fsync, []

    def meanwhile(path):
        real(path)
        if path.suffix == ".parquet" and not told:
            told.append(None)
            told.append(two.append(ANN, KIND, day_of("A", 0), key="a"))

    monkeypatch.setattr(folder, "fsync", meanwhile)
    commit = one.append(ANN, KIND, day_of("A", 0), key="a")
    assert (commit.version, commit.new, told[1].new) == (1, False, True)
    assert one.read(ANN, KIND).height == 4
    assert len(list(tmp_path.rglob("*.parquet"))) == 1


class Disk:
    """What a disk holds after the power went: only what was synced, by its inode."""

    def __init__(self, root: Path) -> None:
        self.root, self.data, self.names = root, {}, {}
        self.off = False

    def sync(self, path: Path) -> None:
        """A file's bytes, or the names in a folder, come to the disk."""
        if path.is_dir():
            if path.is_relative_to(self.root):
                entries = os.scandir(path)
                self.names[path] = {e.name: (e.inode(), e.is_dir()) for e in entries}
        else:
            self.data[path.stat().st_ino] = path.read_bytes()

    def sync_all(self, _: Path) -> bool:
        for path in (self.root, *self.root.rglob("*")):
            self.sync(path)
        return True

    def written(self, path: Path) -> None:
        self.data.pop(path.stat().st_ino, None)

    def survive(self, to: Path) -> Path:
        """Write down what is left; a file that was not synced is empty."""
        shutil.rmtree(to, ignore_errors=True)
        to.mkdir()
        self._copy(self.root, to)
        return to

    def _copy(self, here: Path, to: Path) -> None:
        for name, (inode, is_folder) in self.names.get(here, {}).items():
            if is_folder:
                (to / name).mkdir()
                self._copy(here / name, to / name)
            else:
                (to / name).write_bytes(self.data.get(inode, b""))


@contextmanager
def watched(disk: Disk, monkeypatch, step):
    """Tell the disk what is synced, and call ``step`` after each operation."""
    with monkeypatch.context() as patch:
        for name, note in (
            ("write_file", lambda given, _: disk.written(given[0])),
            ("fsync", lambda given, _: disk.sync(given[0])),
            ("_syncfs", lambda given, _: disk.sync_all(given[0])),
            ("put_if_absent", lambda *_: None),
        ):
            real = getattr(folder, name)

            def call(*given, real=real, note=note):
                found = real(*given)
                if not disk.off:
                    note(given, found)
                    step()
                return found

            patch.setattr(folder, name, call)
        yield patch


def missing(root: Path, acked: list[tuple], unsure: list[tuple]) -> bool:
    """Whether an acknowledged commit is not there; what is there must be whole."""
    left = Ticks(root)
    try:
        kept = {c.key for c in left.commits(ANN, KIND)}
        if kept:
            left.verify(ANN, KIND)
            more = day_of("Z", 0)
            left.append(ANN, KIND, more, key="new")  # writing goes on
            left.compact(ANN, KIND)
            frames = [frame for key, frame in (*acked, *unsure) if key in kept]
            assert left.read(ANN, KIND).rows() == slow_read([*frames, more])
    except TradeloopError:
        return bool(acked)
    return not kept.issuperset(key for key, _ in acked)


def power_loss(tmp_path: Path, monkeypatch, fault=None) -> int:
    """Cut the power after each operation; return how often a commit was missing."""
    root = tmp_path / "lake"
    root.mkdir()
    monkeypatch.setattr(ticks_log, "BUNDLE", 2)
    disk, acked, unsure, lost_at = Disk(root), [], [], []

    def cut():
        disk.off = True  # what is done with the rest is not watched
        lost_at.append(missing(disk.survive(tmp_path / "after"), acked, unsure))
        disk.off = False

    with watched(disk, monkeypatch, cut) as patch:
        if fault:
            fault(patch)
        ticks = Ticks(root)
        for number in range(3):
            # Nine files are synced together, fewer one by one.
            names = "ABCDEFGHI" if number == 1 else "AB"
            frame = day_of(names, 0, bid=number)
            unsure[:] = [(str(number), frame)]
            ticks.append(ANN, KIND, frame, key=str(number))
            acked += unsure
            unsure.clear()
            cut()
        ticks.compact(ANN, KIND)
        cut()
    assert len(lost_at) > 30
    return sum(lost_at)


def test_after_a_power_loss_at_any_step_all_acknowledged_is_there(
    tmp_path, monkeypatch
):
    assert power_loss(tmp_path, monkeypatch) == 0


@pytest.mark.parametrize("fault", ["files", "folders", "log"])
def test_without_one_of_the_syncs_a_power_loss_loses_commits(
    tmp_path, monkeypatch, fault
):
    """The control: a harness in which nothing is ever lost would prove nothing."""

    def leave_out(patch):
        real = folder.fsync

        def fsync(path):
            kind = "log" if path.name == "_log" else "folders"
            if fault != (kind if path.is_dir() else "files"):
                real(path)

        patch.setattr(folder, "fsync", fsync)
        patch.setattr(folder, "_syncfs", lambda _: False)

    assert power_loss(tmp_path, monkeypatch, leave_out) > 0
