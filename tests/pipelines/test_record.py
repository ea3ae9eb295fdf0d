"""What came in is durable once, refused once, and found again."""

import polars as pl
import pytest

from tradeloop.capture import QUARANTINE, Market
from tradeloop.clock import NS_PER_DAY
from tradeloop.errors import DamagedError, NotFoundError
from tradeloop.events import BAR, DECISION, QUOTE, SERIES, TRADE, DecisionState
from tradeloop.pipelines.captured import captured_decision, captured_market
from tradeloop.pipelines.label import set_aside
from tradeloop.pipelines.record import record_events, record_market, summed
from tradeloop.stores import Rejected, StateChange

NOTHING = pl.DataFrame(schema=QUARANTINE)


def decided(*ids, side=1):
    rows = [
        {
            "decision_id": name,
            "strategy": "s",
            "instrument": "A",
            "side": side,
            "event_ns": 10 + number,
            "received_ns": 11 + number,
            "confidence_score": 0.25,
            "timeframe_consensus": '{"5d":1}',
        }
        for number, name in enumerate(ids)
    ]
    return DECISION.conform(pl.DataFrame(rows))


def refused(*keys, reason="unknown_symbol"):
    rows = [("file", row, key, reason, "{}") for row, key in enumerate(keys)]
    return pl.DataFrame(rows, schema=QUARANTINE, orient="row")


def market(days, *, close=1.0):
    rows = [
        {
            "instrument": "A",
            "open_ns": day * NS_PER_DAY,
            "event_ns": (day + 1) * NS_PER_DAY,
            "received_ns": (day + 1) * NS_PER_DAY,
            "open": 1.0,
            "high": 9.0,
            "low": 1.0,
            "close": close,
        }
        for day in days
    ]
    bars = BAR.conform(pl.DataFrame(rows))
    return Market(bars, QUOTE.empty(), TRADE.empty(), NS_PER_DAY, ())


def record(workspace, rows, quarantined=NOTHING):
    return record_events(workspace, DECISION, "file", rows, quarantined)


def test_the_same_decisions_twice_are_stored_once(workspace):
    first = record(workspace, decided("a", "b"))
    second = record(workspace, decided("a", "b"))
    assert (first.captured, first.duplicates) == (2, 0)
    assert (second.captured, second.duplicates) == (2, 2)
    ledger = workspace.journal.ledger(workspace.principal)
    assert (ledger.received, ledger.pending, ledger.quarantined) == (2, 2, 0)


def test_the_same_refused_rows_twice_are_kept_once(workspace):
    for _ in range(2):
        found = record(workspace, decided("a"), refused("x", "y"))
        assert (found.expected, found.captured, found.quarantined) == (3, 1, 2)
    ledger = workspace.journal.ledger(workspace.principal)
    assert (ledger.received, ledger.quarantined) == (3, 2)


def test_an_id_with_another_content_is_a_conflict_and_the_first_content_stays(
    workspace,
):
    record(workspace, decided("a", "b"))
    found = record(workspace, decided("a", "c", side=-1))
    assert (found.expected, found.captured, found.quarantined) == (2, 1, 1)
    assert tuple(found.conflicts) == ("a",)
    assert captured_decision(workspace, "a")["side"].item() == 1
    ledger = workspace.journal.ledger(workspace.principal)
    assert ledger.received == ledger.pending + ledger.quarantined == 4


def test_a_decision_comes_back_as_it_went_in(workspace):
    rows = decided("a", "b")
    record(workspace, rows)
    for place, name in enumerate(("a", "b")):
        assert captured_decision(workspace, name).equals(rows[place])
    with pytest.raises(NotFoundError, match="'c'"):
        captured_decision(workspace, "c")


def test_every_write_leaves_an_audit_entry_of_its_principal(workspace):
    record(workspace, decided("a"), refused("x"))
    trail = workspace.journal.audit_trail(workspace.principal)
    assert [entry.action for entry in trail] == ["append", "quarantine"]
    assert {entry.principal for entry in trail} == {workspace.principal}


def test_what_was_set_aside_is_counted_by_state_and_reason(workspace):
    record(workspace, decided("a", "b", "c", "d"), refused("x", "y"))
    states = [
        StateChange("a", DecisionState.LABELLED, 1, ""),
        StateChange("b", DecisionState.CENSORED, 1, "no price"),
        StateChange("c", DecisionState.CENSORED, 1, "no price"),
        StateChange("d", DecisionState.PENDING, 1, "not yet"),
    ]
    who, audit = workspace.principal, workspace.audit("settle", "decisions")
    workspace.journal.settle(who, states, audit)
    row = Rejected(0, "q", "crossed", "{}")
    workspace.journal.reject(
        who, "quotes", [row], workspace.audit("quarantine", "quote"), kind="quote"
    )
    assert set_aside(workspace) == {
        "censored: no price": 2,
        "quarantined: unknown_symbol": 2,
        "pending: not yet": 1,
    }
    ledger = workspace.journal.ledger(who)
    assert sum(set_aside(workspace).values()) == ledger.received - ledger.labelled


def test_the_same_market_twice_is_one_slice_and_no_conflict(workspace):
    series = pl.DataFrame([("WTI", 1, 2, 3.0)], schema=SERIES.schema, orient="row")
    for _ in range(2):
        record_market(workspace, market(range(3)), series)
        workspace.clock.advance(workspace.clock.now_ns() + 1)
    who = workspace.principal
    assert workspace.journal.counts(who) == {"slice": 2}
    assert workspace.journal.rejects(who) == []


def test_slices_that_overlap_are_one_market_and_the_later_word_counts(workspace):
    record_market(workspace, market(range(5)), None)
    record_market(workspace, market(range(3, 8), close=2.0), None)
    found = captured_market(workspace)
    assert found.market.bars["close"].to_list() == [1.0] * 3 + [2.0] * 5
    assert found.market.interval_ns == NS_PER_DAY
    assert found.series is None


def test_a_workspace_without_bars_says_so(workspace):
    with pytest.raises(NotFoundError, match="No bars were captured"):
        captured_market(workspace)


def test_a_slice_that_was_changed_is_refused(workspace):
    record_market(workspace, market(range(3)), None)
    (path,) = workspace.places.lake.rglob("*.parquet")
    path.chmod(0o644)
    market(range(4)).bars.write_parquet(path)
    with pytest.raises(DamagedError, match="hash"):
        captured_market(workspace)


def test_counts_of_one_kind_are_added_up(workspace):
    one = record(workspace, decided("a"), refused("x"))
    two = record(workspace, decided("b", "c"))
    (total,) = summed([one, two])
    assert (total.expected, total.captured, total.quarantined) == (4, 3, 1)
