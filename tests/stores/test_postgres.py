"""The journal on PostgreSQL keeps the laws of every journal, and its own."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from stores.appended import ANN, AUDIT, CLOCK, append, events
from tradeloop.clock import ReplayClock
from tradeloop.errors import (
    BusyError,
    InputError,
    NotFoundError,
    TradeloopError,
)
from tradeloop.events import AuditEntry, DecisionState, Principal
from tradeloop.stores import checks
from tradeloop.stores.base import (
    START,
    Entry,
    Event,
    Gap,
    Ledger,
    Receipt,
    Rejected,
    StateChange,
    Submission,
)
from tradeloop.stores.postgres import PostgresJournal, open_postgres

BOB = Principal("other", "bob")
BOBS = AuditEntry(BOB, 5, "record decision", "feed")


@pytest.fixture
def log(postgres_url: str) -> Iterator[PostgresJournal]:
    with open_postgres(postgres_url, CLOCK) as opened:
        yield opened


@pytest.mark.parametrize("law", checks.ALL, ids=lambda law: law.__name__)
def test_it_keeps_the_laws_of_every_journal(law: checks.Law, postgres_url: str):
    assert law(lambda: open_postgres(postgres_url, CLOCK)) == ""


def test_writers_of_one_tenant_keep_one_chain_and_store_each_event_once(
    log: PostgresJournal, postgres_url: str
):
    """Four writers send the same events, each in an order of its own."""
    groups = [events(5, first) for first in range(0, 100, 5)]

    def send(shift: int) -> list[Receipt]:
        with open_postgres(postgres_url, CLOCK) as mine:
            order = groups[shift:] + groups[:shift]
            return [receipt for group in order for receipt in append(mine, group)]

    with ThreadPoolExecutor(4) as pool:
        receipts = [r for given in pool.map(send, (0, 5, 10, 15)) for r in given]
    said = [receipt.status for receipt in receipts]
    assert (said.count("stored"), said.count("duplicate")) == (100, 300)
    assert log.verify() == 100
    assert log.gaps(ANN) == []
    assert len({(r.event_id, r.seq) for r in receipts}) == 100
    found = log.events(ANN, "decision")
    assert [event.n for event in found] == list(range(1, 101))


def test_tenants_do_not_wait_for_each_other(log: PostgresJournal, postgres_url: str):
    append(log, events(1))
    with psycopg.connect(postgres_url) as other:
        other.execute("SELECT 1 FROM chain_head WHERE tenant = 'acme' FOR UPDATE")
        stored = log.append(BOB, "decision", "feed", events(2), BOBS)
    assert [receipt.status for receipt in stored] == ["stored"] * 2


def test_each_write_asks_for_a_durable_commit_whatever_the_default(postgres_url: str):
    weak = f"{postgres_url}%20-csynchronous_commit%3Doff"
    with open_postgres(weak, CLOCK) as log:
        with log._database.reading() as connection:
            default = connection.execute("SHOW synchronous_commit").fetchone()
        with log._database.writing() as connection:
            ours = connection.execute("SHOW synchronous_commit").fetchone()
            patience = "SHOW idle_in_transaction_session_timeout"
            assert connection.execute(patience).fetchone() == ("30s",)
    assert (default, ours) == (("off",), ("on",))


def naive(connection: psycopg.Connection, after: int) -> list[tuple[int, str]]:
    """A cursor over positions alone: what the outbox must not be."""
    query = "SELECT seq, event_id FROM event WHERE seq > %s ORDER BY seq"
    return connection.execute(query, (after,)).fetchall()


def test_the_outbox_loses_no_event_of_a_transaction_that_commits_late(
    log: PostgresJournal, postgres_url: str
):
    """The later position is committed first; the control shows that it matters."""
    with (
        psycopg.connect(postgres_url, autocommit=True) as control,
        open_postgres(postgres_url, CLOCK) as slow,
    ):
        decided, go_on = threading.Event(), threading.Event()
        commit = slow._write

        def held():
            class Held:
                def __enter__(self):
                    self.inner = commit()
                    return self.inner.__enter__()

                def __exit__(self, *error):
                    decided.set()
                    go_on.wait(30)
                    return self.inner.__exit__(*error)

            return Held()

        slow._write = held
        with ThreadPoolExecutor(1) as pool:
            late = pool.submit(append, slow, [Event("late", 1, 1, {})])
            decided.wait(30)
            early = log.append(
                BOB, "decision", "feed", [Event("early", 1, 1, {})], BOBS
            )
            ours = log.outbox(START, 9)
            naively = naive(control, 0)
            go_on.set()
            first = late.result(30)
        ours += log.outbox(ours[-1][0] if ours else START, 9)
        naively += naive(control, naively[-1][0])
    assert first[0].seq < early[0].seq
    assert [event.event_id for _, event in ours] == ["late", "early"]
    assert [event_id for _, event_id in naively] == ["early"]  # "late" is lost


def test_a_restored_journal_goes_on_after_what_it_holds(
    log: PostgresJournal, postgres_url: str
):
    """Another server counts its transactions anew; positions go on rising."""
    append(log, events(2))
    before = log.outbox(START, 9)
    with psycopg.connect(postgres_url) as restored:
        restored.execute("UPDATE outbox_life SET system = 1")
        restored.execute("UPDATE event SET xact = xact + 1000000000")
    with open_postgres(postgres_url, CLOCK) as after:
        append(after, events(2, 2))
        given = after.outbox(START, 9)
    assert [event.event_id for _, event in given] == ["d0", "d1", "d2", "d3"]
    assert given[2][0] > given[1][0] > before[1][0]


def test_one_of_many_takes_a_cursor_that_nobody_held(postgres_url: str):
    def take(owner: str) -> int:
        with open_postgres(postgres_url, CLOCK) as mine:
            try:
                return mine.lease("relay", owner, 10**12).fence
            except BusyError:
                return 0

    open_postgres(postgres_url, CLOCK).close()
    with ThreadPoolExecutor(4) as pool:
        fences = sorted(pool.map(take, ("a", "b", "c", "d")))
    assert fences == [0, 0, 0, 1]


def test_who_takes_a_cursor_sees_who_takes_it_at_the_same_time(postgres_url: str):
    clock = ReplayClock(1_000)
    with (
        open_postgres(postgres_url, clock) as log,
        ThreadPoolExecutor(1) as pool,
        psycopg.connect(postgres_url) as first,
        psycopg.connect(postgres_url, autocommit=True) as watch,
    ):
        log.lease("relay", "a", 1)
        clock.advance(1_001)
        first.execute("SELECT fence FROM cursor FOR UPDATE")
        second = pool.submit(log.lease, "relay", "c", 1)
        waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        while watch.execute(waits).fetchone() == (0,):
            assert not second.done()
        first.execute(
            "UPDATE cursor SET owner = 'b', fence = fence + 1, until_ns = until_ns * 2"
        )
        first.commit()
        with pytest.raises(BusyError, match="'b'"):
            second.result(30)


def test_a_holder_that_slept_past_its_lease_moves_nothing(postgres_url: str):
    clock = ReplayClock(1_000)
    with open_postgres(postgres_url, clock) as log:
        sleeper = log.lease("relay", "a", 10)
        clock.advance(1_010)
        holder = log.lease("relay", "b", 10)
        with pytest.raises(BusyError, match="'b'"):
            log.advance(sleeper, (7, 7))
        assert log.advance(holder, (5, 5)).position == (5, 5)


def test_a_key_too_long_for_an_index_is_refused_and_leaves_the_others(
    log: PostgresJournal,
):
    long = "\N{SNOWMAN}" * 900
    said = log.write(
        [
            Submission(ANN, (Entry("decision", "feed", given),), AUDIT)
            for given in (events(1)[0], Event(long, 1, 1, {}), events(2)[1])
        ]
    )
    assert [type(one) for one in said] == [list, InputError, list]
    assert "2,400" in str(said[1])
    with pytest.raises(InputError, match="2,400"):
        append(log, [Event("d9", 1, 1, {})], source=long)
    assert log.counts(ANN) == {"decision": 2}


def test_a_quarantined_row_is_kept_whatever_its_text_holds(log: PostgresJournal):
    rows = [
        Rejected(3, "k\0", "bad \ud800", 'a\0b\ud800"\\{,}NULL'),
        Rejected(-1, "long " * 10_000, "r", "x" * 1_000_000),
        Rejected(4, "", "r", "NULL", 2, 7),
    ]
    assert log.reject(ANN, "f.csv", rows, AUDIT) == 3
    assert log.reject(ANN, "f.csv", rows, AUDIT) == 0
    kept = [stored.rejected for stored in log.rejects(ANN)]
    assert kept[1:] == rows[1:]
    assert kept[0].body == 'a\N{REPLACEMENT CHARACTER}b?"\\{,}NULL'
    assert log.verify() == 0


def test_a_group_of_ten_thousand_is_stored_in_order(log: PostgresJournal):
    receipts = append(log, events(10_000))
    assert {receipt.status for receipt in receipts} == {"stored"}
    found = [(event.event_id, event.seq) for event in log.events(ANN, "decision")]
    assert found == [(receipt.event_id, receipt.seq) for receipt in receipts]
    assert log.verify() == 10_000


def test_figures_are_whole_numbers(log: PostgresJournal):
    append(log, [Event("d1", 1, 1, {}, n=1), Event("d4", 4, 4, {}, n=4)])
    ledger, (gap,) = log.ledger(ANN), log.gaps(ANN)
    assert repr(ledger) == repr(Ledger(2, 0, 2, 0, 0))
    assert repr(gap) == repr(Gap("feed", 0, 4, 2, gap.ranges))


def test_an_unknown_decision_settles_nothing(log: PostgresJournal):
    append(log, events(1))
    labelled = DecisionState.LABELLED
    states = [StateChange("d0", labelled), StateChange("nobody", labelled)]
    with pytest.raises(NotFoundError, match="nobody"):
        log.settle(ANN, states, AUDIT)
    assert log.states(ANN) == {}
    assert len(log.audit_trail(ANN)) == 1


def test_a_reader_sees_each_commit_and_cannot_write(
    log: PostgresJournal, postgres_url: str
):
    with open_postgres(postgres_url, CLOCK, read_only=True) as reader:
        append(log, events(3))
        assert reader.counts(ANN) == {"decision": 3}
        assert reader.verify() == 3
        with pytest.raises(InputError, match="reading only"):
            append(reader, events(1))


def test_a_row_that_came_past_the_lock_stops_the_write(
    log: PostgresJournal, postgres_url: str
):
    append(log, events(1))
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("SELECT setval('event_seq_seq', 1, false)")
    with pytest.raises(TradeloopError, match="past the lock"):
        append(log, events(1, 1))
    assert log.verify() == 1
