"""One writer, durable settings, and what happens when the disk fails."""

import os
import sqlite3
from pathlib import Path

import apsw
import pytest

from stores.appended import ANN, CLOCK, append, events
from tradeloop.errors import (
    BusyError,
    InputError,
    TradeloopError,
)
from tradeloop.stores import schema
from tradeloop.stores.base import Event
from tradeloop.stores.journal import Journal, open_journal


def test_the_settings_that_make_a_commit_durable_are_read_back(journal: Journal):
    with journal._database.reading() as connection:
        found = [
            connection.pragma(name)
            for name in ("journal_mode", "synchronous", "mmap_size", "trusted_schema")
        ]
    assert found == ["wal", 2, 0, 0]


def test_the_second_writer_hears_who_holds_the_journal(journal: Journal, path: Path):
    with pytest.raises(BusyError, match=f"process {os.getpid()}"):
        open_journal(path, CLOCK)


def test_reading_a_journal_that_is_not_there_makes_none(path: Path):
    with pytest.raises(InputError, match="no journal"):
        open_journal(path, CLOCK, read_only=True)
    assert not path.exists()


def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path):
    path.write_bytes(b"decision_id,side\n" * 500)
    with pytest.raises(InputError, match="no journal"):
        open_journal(path, CLOCK)
    assert path.read_bytes() == b"decision_id,side\n" * 500


def test_a_journal_of_a_newer_tradeloop_is_refused(path: Path):
    open_journal(path, CLOCK).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    for read_only in (False, True):
        with pytest.raises(InputError, match="9999, newer"):
            open_journal(path, CLOCK, read_only=read_only)


def test_a_refused_open_leaves_the_lock_free(path: Path):
    path.write_bytes(b"no database" * 500)
    with pytest.raises(InputError):
        open_journal(path, CLOCK)
    path.unlink()
    open_journal(path, CLOCK).close()


def test_no_space_refuses_the_group_and_the_journal_lives_on(journal: Journal):
    append(journal, events(10))
    with journal._database.reading() as connection:
        pages = connection.pragma("page_count")
    journal._database._connection.pragma("max_page_count", pages + 2)
    with pytest.raises(TradeloopError, match="No space"):
        append(journal, [Event("big", 1, 1, {"x": "y" * 100_000})])
    assert journal.counts(ANN) == {"decision": 10}
    journal._database._connection.pragma("max_page_count", pages + 1000)
    assert append(journal, events(1, 10))[0].status == "stored"
    assert journal.verify() == 11


def test_after_a_failed_disk_nothing_more_is_acknowledged(path: Path):
    def fails():
        with journal._database.writing():
            raise apsw.IOError("disk I/O error")

    told: list[str] = []
    journal = open_journal(path, CLOCK, on_disk_failure=told.append)
    append(journal, events(1))
    with pytest.raises(TradeloopError, match="disk I/O error"):
        fails()
    assert len(told) == 1
    with pytest.raises(TradeloopError, match="The disk failed"):
        append(journal, events(1, 1))
    with open_journal(path, CLOCK) as again:
        assert again.counts(ANN) == {"decision": 1}


def test_a_forked_copy_is_refused(journal: Journal):
    journal._database._pid += 1  # what a child would find
    with pytest.raises(BusyError, match="opened by process"):
        append(journal, events(1))
    journal._database._pid -= 1


def test_an_up_to_date_journal_opens_without_alembic(path: Path, monkeypatch):
    open_journal(path, CLOCK).close()
    monkeypatch.setattr(schema, "_config", None)
    with open_journal(path, CLOCK) as journal:
        assert journal.counts(ANN) == {}
