"""Tampering with a journal is found."""

import sqlite3
from pathlib import Path

import pytest

from tradeloop.clock import ReplayClock
from tradeloop.errors import (
    DamagedError,
)
from tradeloop.events import AuditEntry, Principal
from tradeloop.stores.base import Event, Rejected
from tradeloop.stores.journal import Journal, open_journal

ANN = Principal("acme", "ann")
AUDIT = AuditEntry(ANN, 5, "record decision", "feed")
CLOCK = ReplayClock(1_750_000_000_000_000_000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "capture.db"


def events(count: int, first: int = 0) -> list[Event]:
    return [Event(f"d{k}", k, k + 1, {"k": k}) for k in range(first, first + count)]


def append(journal: Journal, given: list[Event], source: str = "feed"):
    return journal.append(ANN, "decision", source, given, AUDIT)


TAMPERING = {
    "edited body": "UPDATE event SET body = '{\"k\":7}' WHERE seq = 3",
    "edited body and its hash": (
        "UPDATE event SET body = body || ' ', body_sha = hex(randomblob(32)) "
        "WHERE seq = 3"
    ),
    "edited time": "UPDATE event SET event_ns = event_ns + 1 WHERE seq = 3",
    "other tenant": "UPDATE event SET tenant = 'other' WHERE seq = 3",
    "deleted": "DELETE FROM event WHERE seq = 3",
    "deleted at the end": "DELETE FROM event WHERE seq = 6",
    "reordered": (
        "UPDATE event SET seq = CASE seq WHEN 2 THEN 102 ELSE 2 END "
        "WHERE seq IN (2); UPDATE event SET seq = 2 WHERE seq = 3; "
        "UPDATE event SET seq = 3 WHERE seq = 102"
    ),
    "inserted": (
        "INSERT INTO event SELECT 7, tenant, principal, kind, 'x', source, epoch, 99, "
        "event_ns, received_ns, recorded_ns, body, body_sha, chain FROM event "
        "WHERE seq = 6"
    ),
    "edited quarantine": "UPDATE reject SET reason = 'fine' WHERE seq = 1",
    "deleted quarantine": "DELETE FROM reject",
    "edited audit": "UPDATE audit_entry SET principal = 'eve' WHERE seq = 1",
    "deleted audit": "DELETE FROM audit_entry WHERE seq = 1",
}


@pytest.mark.parametrize("sql", TAMPERING.values(), ids=TAMPERING.keys())
def test_tampering_is_found(sql: str, path: Path):
    with open_journal(path, CLOCK) as journal:
        append(journal, events(3))
        append(journal, events(3, 3))
        journal.reject(ANN, "feed", [Rejected(0, "k", "bad", "x")], AUDIT)
        assert journal.verify() == 6
    connection = sqlite3.connect(path)
    connection.executescript(sql)
    connection.commit()
    connection.close()
    with open_journal(path, CLOCK) as journal, pytest.raises(DamagedError):
        journal.verify()


def test_a_tail_cut_off_with_its_audit_entries_shows_against_the_anchor(path: Path):
    with open_journal(path, CLOCK) as journal:
        append(journal, events(1))
        early = journal.head()
        append(journal, events(2, 1))
        late = journal.head()
        assert journal.verify(early) == journal.verify(late) == 3
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM event WHERE seq > 1")
    connection.execute("DELETE FROM audit_entry WHERE seq > 1")
    connection.commit()
    connection.close()
    with open_journal(path, CLOCK) as journal:
        assert journal.verify(early) == 1
        with pytest.raises(DamagedError, match="end of the journal"):
            journal.verify(late)


def test_a_lost_row_unbalances_the_ledger(path: Path):
    with open_journal(path, CLOCK) as journal:
        append(journal, events(3))
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM event WHERE seq = 2")
    connection.commit()
    connection.close()
    with open_journal(path, CLOCK) as journal:
        assert not journal.ledger(ANN).balanced
