"""A copy that is made under load holds all that was acknowledged before its mark."""

from pathlib import Path
from threading import Event as Flag
from threading import Thread

import pytest

from stores.appended import ANN, AUDIT, CLOCK, append, events
from tradeloop.errors import BusyError, DamagedError, InputError
from tradeloop.stores.base import Mark, Rejected
from tradeloop.stores.canonical import GENESIS
from tradeloop.stores.journal import Journal, open_journal
from tradeloop.stores.journal_backup import restore


def test_a_copy_comes_back_with_all_that_it_held(journal: Journal, tmp_path: Path):
    append(journal, events(300))
    journal.reject(ANN, "feed", [Rejected(0, "k", "bad", "x")], AUDIT)
    mark = journal.backup(tmp_path / "copies" / "copy.db")
    assert mark == Mark(300, journal.head())
    append(journal, events(5, 300))
    there = tmp_path / "elsewhere" / "j.db"
    assert restore(tmp_path / "copies" / "copy.db", there, mark.head) == mark
    with open_journal(there, CLOCK) as again:
        assert again.verify(mark.head) == 300
        assert again.rejects(ANN) == journal.rejects(ANN)
        assert again.events(ANN, "decision") == journal.events(ANN, "decision")[:300]
        assert append(again, events(1, 900))[0].seq == 301
    assert sorted(p.name for p in (tmp_path / "copies").iterdir()) == ["copy.db"]


def test_a_copy_under_load_holds_all_acknowledged_before_its_mark(
    journal: Journal, tmp_path: Path
):
    append(journal, events(2_000, 10**6))
    stop, acknowledged = Flag(), []

    def write() -> None:
        k = 0
        while not stop.is_set():
            acknowledged.extend(r.seq for r in append(journal, events(3, k)))
            k += 3

    writer = Thread(target=write)
    writer.start()
    try:
        for k in range(3):
            reached = len(acknowledged)
            while len(acknowledged) < reached + 9:
                writer.join(0.001)
            before = max(acknowledged)
            mark = journal.backup(tmp_path / f"copy{k}.db")
            assert mark.seq >= before
            restored = restore(tmp_path / f"copy{k}.db", tmp_path / f"r{k}.db")
            assert restored == mark
    finally:
        stop.set()
        writer.join()
    assert journal.verify(mark.head) == 2_000 + len(acknowledged)


def test_an_empty_journal_is_copied_too(journal: Journal, tmp_path: Path):
    assert journal.backup(tmp_path / "copy.db") == Mark(0, GENESIS)
    assert restore(tmp_path / "copy.db", tmp_path / "r.db") == Mark(0, GENESIS)


def test_neither_copy_nor_restore_replaces_a_file(journal: Journal, tmp_path: Path):
    append(journal, events(2))
    journal.backup(tmp_path / "copy.db")
    before = (tmp_path / "copy.db").read_bytes()
    with pytest.raises(InputError, match="not replaced"):
        journal.backup(tmp_path / "copy.db")
    with pytest.raises(InputError, match="not replaced"):
        restore(tmp_path / "copy.db", journal._database.path)
    assert (tmp_path / "copy.db").read_bytes() == before
    assert journal.counts(ANN) == {"decision": 2}


DAMAGE = {
    "a body": lambda data: data.replace(b'{"k":200}', b'{"k":201}'),
    "an index": lambda data: data.replace(b"d399", b"d3\xff9"),
    "a header": lambda data: b"SQLite" + data[6:40][::-1] + data[40:],
    "cut off": lambda data: data[: len(data) // 2],
    "a page of zeros": lambda data: data[:-8192] + bytes(4096) + data[-4096:],
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_copy_is_not_put_in_place(journal: Journal, tmp_path: Path, damage):
    append(journal, events(400))
    copy = tmp_path / "copy.db"
    journal.backup(copy)
    before = copy.read_bytes()
    copy.write_bytes(damage(before))
    assert copy.read_bytes() != before
    with pytest.raises((DamagedError, InputError)):
        restore(copy, tmp_path / "r" / "j.db")
    assert list((tmp_path / "r").iterdir()) == []


def test_a_copy_that_is_older_than_the_anchor_is_refused(
    journal: Journal, tmp_path: Path
):
    append(journal, events(2))
    journal.backup(tmp_path / "copy.db")
    append(journal, events(2, 2))
    with pytest.raises(DamagedError, match="anchor"):
        restore(tmp_path / "copy.db", tmp_path / "r.db", journal.head())
    assert not (tmp_path / "r.db").exists()


def test_a_live_journal_and_no_journal_are_no_copy(journal: Journal, tmp_path: Path):
    append(journal, events(2))
    with pytest.raises(InputError, match="no finished copy"):
        restore(journal._database.path, tmp_path / "r.db")
    with pytest.raises(InputError, match="no finished copy"):
        restore(tmp_path / "nothing.db", tmp_path / "r.db")
    (tmp_path / "text.db").write_bytes(b"decision_id,side\n" * 500)
    with pytest.raises(InputError, match="no journal"):
        restore(tmp_path / "text.db", tmp_path / "r.db")


def test_a_journal_that_is_held_is_not_restored_over(journal: Journal, tmp_path: Path):
    append(journal, events(2))
    journal.backup(tmp_path / "copy.db")
    with pytest.raises((InputError, BusyError)):
        restore(tmp_path / "copy.db", journal._database.path)
