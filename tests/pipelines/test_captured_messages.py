"""Market rows that come one by one, as messages, are seen beside those of slices."""

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tradeloop.capture import Market
from tradeloop.clock import NS_PER_DAY
from tradeloop.events import (
    BAR,
    BOOK_DELTA,
    OPTION_QUOTE,
    QUOTE,
    SERIES,
    TRADE,
    message_of,
)
from tradeloop.pipelines.accept import event_of
from tradeloop.pipelines.captured import captured_market, captured_ticks, has_grown
from tradeloop.pipelines.collect import Collector
from tradeloop.pipelines.record import record_market
from tradeloop.stores import Lake

START_NS = 1_700_000_000_000_000_000
ROWS = {
    QUOTE: {"instrument": "A", "bid": 1.5, "ask": 2, "bid_size": 3, "sequence": 7},
    TRADE: {"instrument": "A", "price": 2, "size": 1.5, "side": -1, "trade_id": "x"},
    BAR: {
        "instrument": "A",
        "open_ns": START_NS - NS_PER_DAY,
        "open": 1,
        "high": 9.5,
        "low": 1,
        "close": 2,
        "volume": 0,
    },
    SERIES: {"series": "cpi", "value": -3},
    BOOK_DELTA: {
        "instrument": "A",
        "side": -1,
        "price": 2,
        "size": 0,
        "first_sequence": 1,
        "last_sequence": 2,
        "is_snapshot": False,
    },
    OPTION_QUOTE: {
        "instrument": "A-C-100",
        "underlying": "A",
        "strike": 100,
        "right": "call",
        "expiry_ns": START_NS + NS_PER_DAY,
        "bid": 0,
        "delta": 0.5,
    },
}


def tell(workspace, record, row, event_ns=START_NS, name="m1", received_ns=None):
    """Store a message as the door does."""
    known_ns = event_ns + 5 if received_ns is None else received_ns
    message = message_of(
        {
            "specversion": "1.0",
            "id": name,
            "source": "desk",
            "type": f"tradeloop.{record.kind}.v1",
            "data": {**row, "event_ns": event_ns, "received_ns": known_ns},
        }
    )
    event = event_of(message, workspace.clock.now_ns())
    audit = workspace.audit("accept", "messages")
    who, journal = workspace.principal, workspace.journal
    (receipt,) = journal.append(who, message.kind, message.source, [event], audit)
    assert receipt.status == "stored"


@pytest.mark.parametrize("record", ROWS, ids=lambda record: record.kind)
def test_a_message_of_any_kind_of_market_row_is_read_as_it_was_told(workspace, record):
    assert captured_ticks(workspace, record).is_empty()
    tell(workspace, record, ROWS[record])
    times = {"event_ns": START_NS, "received_ns": START_NS + 5}
    expected = record.conform(pl.DataFrame([{**ROWS[record], **times}]))
    assert_frame_equal(captured_ticks(workspace, record), expected)


def quote(k, bid):
    return {"instrument": "AB"[k % 2], "bid": bid, "ask": 900.0, "sequence": k // 2}


def put_slice(workspace, told):
    rows = [
        {**quote(k, bid), "event_ns": START_NS + k % 5, "received_ns": START_NS + 9}
        for k, bid in told.items()
    ]
    frame = QUOTE.conform(pl.DataFrame(rows))
    record_market(
        workspace, Market(BAR.empty(), frame, TRADE.empty(), NS_PER_DAY, ()), None
    )


@pytest.mark.parametrize("seed", range(12))
def test_of_one_key_the_row_captured_last_counts_however_it_came(workspace, seed):
    rng = np.random.default_rng(seed)
    expected, bid = {}, 1.0
    for step in range(10):
        # The more of the keys, the fewer the messages that a slice outdates.
        some = rng.choice(40, size=rng.integers(1, 9), replace=False).tolist()
        told = {k: bid + n for n, k in enumerate(some)}
        bid += len(told)
        expected |= told
        if rng.random() < 0.5:
            put_slice(workspace, told)
            continue
        for k, value in told.items():
            tell(workspace, QUOTE, quote(k, value), START_NS + k % 5, f"{step}-{k}")
    found = captured_ticks(workspace, QUOTE)
    assert found["event_ns"].to_list() == [
        START_NS + n for _, n in sorted(("AB"[k % 2], k % 5) for k in expected)
    ]
    shown = found.select("instrument", "sequence", "bid").sort("instrument", "sequence")
    wanted = sorted(("AB"[k % 2], k // 2, value) for k, value in expected.items())
    assert shown.rows() == wanted


def test_two_messages_without_a_number_are_two_rows_and_equal_ones_are_one(workspace):
    row = {name: value for name, value in ROWS[QUOTE].items() if name != "sequence"}
    tell(workspace, QUOTE, row, name="m1")
    tell(workspace, QUOTE, row, name="m2")
    tell(workspace, QUOTE, {**row, "bid": 1.25}, name="m3")
    assert captured_ticks(workspace, QUOTE)["bid"].to_list() == [1.5, 1.25]


def test_another_tenant_does_not_see_the_messages(workspace):
    tell(workspace, QUOTE, ROWS[QUOTE])
    other = SimpleNamespace(
        journal=workspace.journal,
        lake=workspace.lake,
        principal=type(workspace.principal)("other", "me"),
    )
    assert captured_ticks(other, QUOTE).is_empty()


def test_the_lake_is_read_once_where_no_message_shares_a_key(workspace, monkeypatch):
    for first in range(3):
        put_slice(workspace, {first: 1.0})
        tell(workspace, QUOTE, quote(10 + first, 2.0), name=str(first))
    asked, real = [], Lake.read_slices
    monkeypatch.setattr(
        Lake, "read_slices", lambda *given: asked.append(given) or real(*given)
    )
    assert captured_ticks(workspace, QUOTE).height == 6
    assert len(asked) == 1


def test_a_market_of_messages_alone_is_a_market_and_growth_of_it_is_seen(workspace):
    tell(workspace, BAR, ROWS[BAR])
    first = captured_market(workspace)
    assert first.market.interval_ns == NS_PER_DAY
    assert (first.market.bars.height, first.series) == (1, None)
    assert not has_grown(workspace, first)
    put_slice(workspace, {1: 1.0})
    assert has_grown(workspace, first)
    for record in (QUOTE, TRADE, SERIES):
        read = captured_market(workspace)
        assert not has_grown(workspace, read)
        tell(workspace, record, ROWS[record], name=f"new-{record.kind}")
        assert has_grown(workspace, read)
    last = captured_market(workspace)
    assert last.market.quotes.height == 2
    assert last.series["value"].to_list() == [-3.0]


def test_a_collector_that_stays_open_sees_a_bar_that_comes_as_a_message(workspace):
    tell(workspace, BAR, ROWS[BAR])
    collector = Collector(workspace, SimpleNamespace(rules=None))
    collector._refresh()
    read = collector._captured
    collector._refresh()
    assert collector._captured is read
    tell(
        workspace,
        BAR,
        ROWS[BAR] | {"open_ns": START_NS},
        START_NS + NS_PER_DAY,
        name="m2",
    )
    collector._refresh()
    assert collector._captured.market.bars.height == 2
