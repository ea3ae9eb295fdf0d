"""Batches of many sources that wait together: one transaction, and who hears what."""

import json
import threading

import polars as pl
import pytest

from tradeloop.errors import DamagedError, FullError
from tradeloop.events import QUOTE, TRADE
from tradeloop.pipelines.captured import captured_ticks
from tradeloop.pipelines.take import TickIntake, take

START_NS = 1_700_000_000_000_000_000


def quotes(first=0):
    steps = pl.int_range(first, first + 5, eager=True)
    frame = pl.DataFrame(
        {
            "instrument": ["EURUSD"] * 5,
            "event_ns": START_NS + steps,
            "received_ns": START_NS + steps + 9,
            "bid": 1.25 + steps * 0.5,
            "ask": 1.5 + steps * 0.5,
            "sequence": steps,
        }
    )
    return QUOTE.conform(frame)


@pytest.fixture
def intake(workspace):
    with TickIntake(workspace.lake, workspace.journal, workspace.clock) as opened:
        yield opened


def slices(workspace):
    return workspace.journal.events(workspace.principal, "slice")


@pytest.fixture
def gathered(workspace, monkeypatch):
    """Submit batches (kind, frame, source, n) so that they make one group."""
    real, gate = TickIntake._store, threading.Event()
    held = lambda *given: gate.wait(30) and real(*given)  # noqa: E731
    monkeypatch.setattr(TickIntake, "_store", held)

    def submit(intake, batches, meanwhile=lambda _: None):
        who = workspace.principal
        first = intake.submit(who, "quote", quotes(), source="first", epoch=0, n=1)
        while intake._waiting:  # until the writer holds the first one
            threading.Event().wait(0.001)
        futures = [
            intake.submit(who, kind, frame, source=source, epoch=0, n=n)
            for kind, frame, source, n in batches
        ]
        meanwhile(futures)
        gate.set()
        assert first.result(30).status == "stored"
        return futures

    return submit


def trades(first=0):
    rows = quotes(first=first).with_columns(
        price="bid", size=1.0, side=1, trade_id=pl.col("sequence").cast(pl.String)
    )
    return TRADE.conform(rows)


def written(workspace, monkeypatch, changed=lambda answers: answers):
    """Record what is written to the journal at once; change its answers."""
    given, kind = [], type(workspace.journal)
    real = kind.write

    def write(self, submissions):
        given.append(submissions)
        return changed(real(self, submissions))

    monkeypatch.setattr(kind, "write", write)
    return given


def test_batches_of_many_sources_are_listed_by_one_transaction(
    intake, workspace, gathered, monkeypatch
):
    given = written(workspace, monkeypatch)
    names = [f"s{k}" for k in range(50)]
    batches = [
        ("quote", quotes(first=100 * k), name, 1) for k, name in enumerate(names)
    ]
    told = [future.result(30) for future in gathered(intake, batches)]
    assert {(t.status, t.version) for t in told} == {("stored", 2)}
    assert [len(submissions) for submissions in given] == [1, 50]
    assert {event.source for event in slices(workspace)} == {"first", *names}
    trail = workspace.journal.audit_trail(workspace.principal)
    assert [entry.action for entry in trail] == ["take"] * 51
    assert captured_ticks(workspace, QUOTE).height == 51 * 5 - 5  # the first is there


def test_what_one_source_sends_is_listed_in_its_order_whatever_the_kind(
    intake, workspace, gathered
):
    kinds = ["trade", "quote", "trade", "quote"]
    frames = {"trade": trades, "quote": quotes}
    batches = [
        (kind, frames[kind](first=10 * n), "a", n) for n, kind in enumerate(kinds, 1)
    ]
    assert {f.result(30).status for f in gathered(intake, batches)} == {"stored"}
    mine = [event for event in slices(workspace) if event.source == "a"]
    assert [(event.n, event.body["kind"]) for event in mine] == list(
        enumerate(kinds, 1)
    )


def test_refused_rows_and_conflicts_of_a_group_stand_in_one_audit_entry(
    intake, workspace, gathered
):
    bad = quotes(first=20).with_columns(
        bid=pl.when(pl.int_range(pl.len()) < 2).then(-1.0).otherwise("bid")
    )
    batches = [
        ("quote", quotes(first=10), "a", 1),
        ("quote", bad, "a", 2),
        ("quote", quotes(first=30), "a", 1),
    ]
    told = [future.result(30) for future in gathered(intake, batches)]
    assert [(t.status, t.rows, t.refused) for t in told] == [
        ("stored", 5, 0),
        ("stored", 3, 2),
        ("conflict", 0, 0),
    ]
    entry = workspace.journal.audit_trail(workspace.principal)[-1]
    assert (entry.action, entry.subject) == ("take", "quote of a")
    expected = {"batches": 3, "rows": 8, "refused": 2, "conflicts": 1}
    assert json.loads(entry.detail) == expected
    assert len(workspace.journal.rejects(workspace.principal)) == 1


def test_an_error_of_one_submission_reaches_its_source_alone(
    intake, workspace, gathered, monkeypatch
):
    broken = DamagedError("no")
    given = written(
        workspace,
        monkeypatch,
        lambda answers: [answers[0], broken, *answers[2:]] if answers[1:] else answers,
    )
    batches = [("quote", quotes(first=10 * k), name, 1) for k, name in enumerate("abc")]
    a, b, c = gathered(intake, batches)
    assert (a.result(30).status, c.result(30).status) == ("stored", "stored")
    assert b.exception(30) is broken
    assert len(given) == 2


def test_an_error_of_the_whole_write_reaches_all_who_wait(
    intake, workspace, gathered, monkeypatch
):
    def full(answers):
        if len(answers) > 1:
            raise FullError("No space is left.")
        return answers

    written(workspace, monkeypatch, full)
    batches = [("quote", quotes(first=10 * k), name, 1) for k, name in enumerate("abc")]
    for future in gathered(intake, batches):
        assert isinstance(future.exception(30), FullError)
    who = workspace.principal
    again = take(intake, who, "quote", quotes(first=90), source="a", epoch=0, n=9)
    assert again.status == "stored"
    assert intake._rows == 0


def test_an_error_of_one_table_leaves_the_others_of_the_group(
    intake, workspace, gathered, monkeypatch
):
    real = type(workspace.lake.ticks).append_all

    def broken(self, who, kind, parts):
        if kind == "trade":
            raise FullError("No space is left.")
        return real(self, who, kind, parts)

    monkeypatch.setattr(type(workspace.lake.ticks), "append_all", broken)
    batches = [("trade", trades(), "a", 1), ("quote", quotes(first=10), "b", 1)]
    told = gathered(intake, batches)
    assert isinstance(told[0].exception(30), FullError)
    assert told[1].result(30).status == "stored"


def test_who_gives_up_waiting_takes_nothing_from_the_others(
    intake, workspace, gathered
):
    batches = [("quote", quotes(first=10 * k), "a", k + 1) for k in range(3)]
    futures = gathered(intake, batches, lambda futures: futures[1].cancel())
    assert {future.result(30).status for future in futures} == {"stored"}
