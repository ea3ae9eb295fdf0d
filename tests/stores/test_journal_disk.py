"""A full disk refuses and lives on; any other failure of the disk ends the process."""

import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from stores.appended import ANN, AUDIT, CLOCK, append, events
from stores.faulty import Faulty
from tradeloop.errors import FullError, TradeloopError
from tradeloop.stores import sqlite
from tradeloop.stores.base import Entry, Event, Submission
from tradeloop.stores.group_commit import GroupCommit
from tradeloop.stores.journal import Journal, open_journal

CHILD = """
import sys
from pathlib import Path
import apsw
from stores.appended import ANN, CLOCK, append, events
from stores.faulty import Faulty
from tradeloop.stores import sqlite
from tradeloop.stores.journal import open_journal

sqlite._FOLD_PAGES = int(sys.argv[3])
with Faulty("faulty") as disk:
    journal = open_journal(Path(sys.argv[1]), CLOCK)
    append(journal, events(1))
    disk.fail(apsw.IOError("input/output error"), sys.argv[2])
    append(journal, events(1, 1))
    print("acknowledged")
"""


@pytest.mark.parametrize(
    ("operation", "fold"),
    [("sync wal", 10**6), ("write wal", 10**6), ("sync j.db", 1), ("write j.db", 1)],
)
def test_a_disk_that_fails_ends_the_process(tmp_path: Path, operation: str, fold: int):
    path = tmp_path / "j.db"
    command = [sys.executable, "-c", CHILD, str(path), operation, str(fold)]
    ended = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join(filter(None, sys.path))},
    )
    assert ended.returncode == 70
    assert "the disk failed under" in ended.stderr
    assert "input/output error" in ended.stderr
    assert ended.stdout == ""
    with open_journal(path, CLOCK) as journal:
        assert journal.verify() == len(journal.events(ANN, "decision")) >= 1


@pytest.fixture
def disk():
    with Faulty("filling") as filling:
        yield filling


FULL = apsw.FullError("database or disk is full")


def test_a_full_disk_refuses_writes_answers_reads_and_goes_on_by_itself(
    disk: Faulty, journal: Journal
):
    append(journal, events(3))
    disk.fail(FULL, "write wal")
    for _ in range(3):
        with pytest.raises(FullError, match="No space left"):
            append(journal, events(2, 3))
        assert journal.counts(ANN) == {"decision": 3}
        assert journal.verify() == 3
    disk.fail(None)
    assert [r.status for r in append(journal, events(2, 3))] == ["stored"] * 2
    assert journal.verify() == 5
    assert journal.ledger(ANN).balanced


def test_a_log_that_cannot_be_folded_in_for_lack_of_space_is_no_failure(
    disk: Faulty, journal: Journal, monkeypatch
):
    monkeypatch.setattr(sqlite, "_FOLD_PAGES", 1)
    disk.fail(FULL, "write capture.db")
    assert append(journal, events(3))[0].status == "stored"
    disk.fail(None)
    append(journal, events(3, 3))
    assert journal.verify() == 6


def test_no_space_by_the_number_of_the_system_is_no_failure(
    disk: Faulty, path: Path, monkeypatch
):
    told: list[str] = []
    with open_journal(path, CLOCK, on_disk_failure=told.append) as journal:
        monkeypatch.setattr(sqlite, "is_full", lambda *_: True)
        disk.fail(apsw.IOError("no space"), "write wal")
        with pytest.raises(FullError):
            append(journal, events(1))
        disk.fail(None)
        assert append(journal, events(1))[0].status == "stored"
    assert told == []


def test_a_group_commit_lives_on_after_a_full_disk(disk: Faulty, journal: Journal):
    def sent(k: int):
        entry = Entry("decision", "feed", Event(f"d{k}", k, k, {}))
        return group.submit(Submission(ANN, (entry,), AUDIT))

    group = GroupCommit(journal)
    assert sent(0).result(5)[0].status == "stored"
    disk.fail(FULL, "write wal")
    with pytest.raises(FullError):
        sent(1).result(5)
    disk.fail(None)
    assert sent(1).result(5)[0].status == "stored"
    assert group.close()


def test_the_log_is_folded_in_and_stays_small(journal: Journal, path: Path):
    for k in range(60):
        append(journal, [Event(f"b{k}", 1, 1, {"x": "y" * 200_000})])
    log = path.with_name(path.name + "-wal")
    assert log.stat().st_size < 8 * 1024 * 1024
    assert path.stat().st_size > 60 * 200_000 / 2


def test_a_log_that_a_reader_held_is_cut_when_it_is_too_large(
    journal: Journal, path: Path, monkeypatch
):
    monkeypatch.setattr(sqlite, "_FOLD_PAGES", 16)
    monkeypatch.setattr(sqlite, "_MOST_PAGES", 64)
    monkeypatch.setattr(sqlite, "_FOLD_WAIT_MS", 1)
    log = path.with_name(path.name + "-wal")
    append(journal, events(1))
    with journal._database.reading() as reader:
        reader.execute("SELECT count(*) FROM event").fetchall()
        for k in range(20):
            append(journal, [Event(f"b{k}", 1, 1, {"x": "y" * 50_000})])
        held = log.stat().st_size
    append(journal, [Event(f"c{k}", 1, 1, {"x": "y" * 50_000}) for k in range(9)])
    assert log.stat().st_size == 0 < 64 * 4096 < held


def test_a_reader_does_not_wait_for_the_writer(journal: Journal):
    append(journal, events(2))
    with open_journal_reading(journal) as found, journal._database.writing() as writing:
        writing.execute("DELETE FROM event")
        assert found.result(5) == {"decision": 2}
        writing.execute("ROLLBACK")
        writing.execute("BEGIN")


class open_journal_reading:  # noqa: N801 - reads as a sentence
    """Counts on another thread, begun after the `with` was entered."""

    def __init__(self, journal: Journal) -> None:
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

        self.pool, self.journal = ThreadPoolExecutor(1), journal

    def __enter__(self):
        return self.pool.submit(lambda: self.journal.counts(ANN))

    def __exit__(self, *_):
        self.pool.shutdown()


def test_an_unknown_failure_of_sqlite_is_told_and_undone(journal: Journal):
    def fails():
        with journal._database.writing() as connection:
            connection.execute("INSERT INTO intake VALUES ('t', 'k', 's', 'text')")

    with pytest.raises(TradeloopError, match="ConstraintError"):
        fails()
    assert append(journal, events(1))[0].status == "stored"
