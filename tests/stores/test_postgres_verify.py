"""Tampering with a journal on PostgreSQL is found, tenant by tenant."""

from collections.abc import Iterator

import psycopg
import pytest

from stores.appended import ANN, AUDIT, CLOCK, append, events
from tradeloop.errors import DamagedError, InputError
from tradeloop.events import AuditEntry, DecisionState, Principal
from tradeloop.stores.base import Event, Rejected, StateChange
from tradeloop.stores.postgres import PostgresJournal, open_postgres

BOB = Principal("other", "bob")
BOBS = AuditEntry(BOB, 5, "record decision", "feed")


@pytest.fixture
def log(postgres_url: str) -> Iterator[PostgresJournal]:
    with open_postgres(postgres_url, CLOCK) as opened:
        yield opened


TAMPERING = {
    "edited body": "UPDATE event SET body = '{\"k\":7}' WHERE event_id = 'd2'",
    "edited body and its hash": (
        "UPDATE event SET body = '{}', body_sha = encode(sha256('{}'), 'hex') "
        "WHERE event_id = 'd2'"
    ),
    "edited time": "UPDATE event SET event_ns = event_ns + 1 WHERE event_id = 'd2'",
    "other tenant": "UPDATE event SET tenant = 'other' WHERE event_id = 'd2'",
    "deleted": "DELETE FROM event WHERE event_id = 'd2'",
    "deleted at the end": "DELETE FROM event WHERE event_id = 'd5'",
    "deleted all of a tenant": "DELETE FROM event WHERE tenant = 'acme'",
    "forgotten tenant": "DELETE FROM chain_head WHERE tenant = 'acme'",
    "end moved back": (
        "DELETE FROM event WHERE event_id = 'd5'; UPDATE chain_head SET "
        "(event_seq, event_chain) = (SELECT seq, chain FROM event "
        "WHERE event_id = 'd4') WHERE tenant = 'acme'"
    ),
    "edited quarantine": "UPDATE reject SET reason = 'fine'",
    "deleted quarantine": "DELETE FROM reject",
    "edited state": "UPDATE state_change SET state = 'censored'",
    "deleted state": "DELETE FROM state_change",
    "edited audit": "UPDATE audit_entry SET principal = 'eve' WHERE action = 'settle'",
    "deleted audit": "DELETE FROM audit_entry WHERE action = 'settle'",
}


@pytest.mark.parametrize("sql", TAMPERING.values(), ids=TAMPERING.keys())
def test_tampering_is_found(sql: str, log: PostgresJournal, postgres_url: str):
    append(log, events(3))
    log.append(BOB, "decision", "feed", [Event("his", 1, 1, {})], BOBS)
    append(log, events(3, 3))
    log.reject(ANN, "feed", [Rejected(0, "k", "bad", "x")], AUDIT)
    settled = AuditEntry(ANN, 5, "settle", "feed")
    log.settle(ANN, [StateChange("d0", DecisionState.LABELLED)], settled)
    assert log.verify() == 7
    with psycopg.connect(postgres_url) as connection:
        connection.execute(sql)
    with pytest.raises(DamagedError):
        log.verify()


def test_a_tail_cut_off_with_its_audit_entries_shows_against_the_anchor(
    log: PostgresJournal, postgres_url: str
):
    empty = log.head()
    append(log, events(1))
    log.append(BOB, "decision", "feed", events(1), BOBS)
    early = log.head()
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT * FROM chain_head")
    append(log, events(2, 1))
    late = log.head()
    assert log.verify(empty) == log.verify(early) == log.verify(late) == 4
    with psycopg.connect(postgres_url) as connection:
        connection.execute("DELETE FROM event WHERE event_id IN ('d1', 'd2')")
        connection.execute(
            "DELETE FROM audit_entry WHERE (tenant, seq) NOT IN "
            "(SELECT tenant, audit_seq FROM kept)"
        )
        connection.execute("TRUNCATE chain_head")
        connection.execute("INSERT INTO chain_head SELECT * FROM kept")
    assert log.verify(early) == 2
    with pytest.raises(DamagedError, match="end of the journal"):
        log.verify(late)
    with pytest.raises(InputError, match="no anchor"):
        log.verify("f" * 64)
