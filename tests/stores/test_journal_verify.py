"""Tampering with a journal is found."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stores.appended import ANN, AUDIT, CLOCK, append, events
from stores.older import write_older
from tradeloop.errors import DamagedError, InputError
from tradeloop.events import DecisionState
from tradeloop.stores.base import Event, Ledger, Rejected, StateChange
from tradeloop.stores.journal import open_journal

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
    "edited state": "UPDATE state_change SET state = 'labelled' WHERE seq = 2",
    "edited time of an outcome": "UPDATE state_change SET due_ns = 8 WHERE seq = 1",
    "deleted state": "DELETE FROM state_change WHERE seq = 1",
    "deleted last state": "DELETE FROM state_change WHERE seq = 2",
    "moved state": "UPDATE state_change SET decision_id = 'd5' WHERE seq = 2",
    "added state": (
        "INSERT INTO state_change SELECT 3, tenant, principal, 'd2', state, due_ns, "
        "reason, recorded_ns, chain FROM state_change WHERE seq = 2"
    ),
    "states said to be older": "UPDATE audit_entry SET state_seq = NULL WHERE seq = 4",
    "text that is no UTF-8": (
        "UPDATE event SET body = CAST(x'7b226bff' AS TEXT) WHERE seq = 3"
    ),
}


@pytest.mark.parametrize("sql", TAMPERING.values(), ids=TAMPERING.keys())
def test_tampering_is_found(sql: str, path: Path):
    with open_journal(path, CLOCK) as journal:
        append(journal, events(3))
        append(journal, events(3, 3))
        journal.reject(ANN, "feed", [Rejected(0, "k", "bad", "x")], AUDIT)
        for name, state in (
            ("d1", DecisionState.PENDING),
            ("d3", DecisionState.CENSORED),
        ):
            journal.settle(ANN, [StateChange(name, state, 7, "why")], AUDIT)
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


def test_states_cut_off_with_their_audit_entries_show_against_the_anchor(path: Path):
    with open_journal(path, CLOCK) as journal:
        append(journal, events(2))
        journal.settle(ANN, [StateChange("d0", DecisionState.LABELLED)], AUDIT)
        head = journal.head()
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM state_change")
    connection.execute("DELETE FROM audit_entry WHERE seq = 2")
    connection.commit()
    connection.close()
    with open_journal(path, CLOCK) as journal:
        assert journal.verify() == 2
        with pytest.raises(DamagedError, match="end of the journal"):
            journal.verify(head)


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXT.filter(bool), TEXT, TEXT, TEXT, st.integers(-(2**63), 2**63 - 1))
def test_sqlite_writes_the_hashed_text_as_python_does(
    journal, event_id, source, value, reason, at_ns
):
    event = Event(event_id, at_ns, at_ns, {"v": value})
    journal.append(ANN, "decision", source, [event], AUDIT)
    journal.reject(ANN, source, [Rejected(-1, value, reason, value)], AUDIT)
    change = StateChange(event_id, DecisionState.LABELLED, at_ns, reason)
    journal.settle(ANN, [change], AUDIT)
    assert journal.verify() == journal.counts(ANN)["decision"]


def test_an_older_journal_is_read_and_written_on(path: Path):
    bodies = [{"k": 1, "note": None}, {"k": 2, "in": {"x": None}}, {"k": 3}]
    states = {"d0": "labelled", "d2": "censored"}
    write_older(path, bodies, states)
    with pytest.raises(InputError, match="older schema"):
        open_journal(path, CLOCK, read_only=True)
    with open_journal(path, CLOCK) as journal:
        assert journal.verify() == 3
        assert journal.ledger(ANN) == Ledger(3, 1, 1, 1, 0)
        assert {k: str(v.state) for k, v in journal.states(ANN).items()} == states
        again = [Event(f"d{k}", k, k, body) for k, body in enumerate(bodies)]
        assert [r.status for r in append(journal, again)] == ["duplicate"] * 3
        other = append(journal, [Event("d0", 0, 0, {"k": 1, "note": "x"})])
        assert other[0].status == "conflict"
        journal.settle(ANN, [StateChange("d1", DecisionState.LABELLED)], AUDIT)
        append(journal, events(2, 3))
        assert journal.verify() == 5
        assert journal.ledger(ANN) == Ledger(6, 2, 2, 1, 1)


def test_an_older_journal_that_was_edited_after_it_moved_is_found(path: Path):
    write_older(path, [{"k": 1}, {"k": 2}], {"d0": "labelled"})
    with open_journal(path, CLOCK) as journal:
        assert journal.verify() == 2
    connection = sqlite3.connect(path)
    connection.execute("UPDATE state_change SET state = 'censored'")
    connection.commit()
    connection.close()
    with open_journal(path, CLOCK) as journal, pytest.raises(DamagedError):
        journal.verify()
