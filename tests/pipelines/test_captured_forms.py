"""Workspaces of the earlier form stay readable, and grow on in the new one."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tradeloop.capture import Market
from tradeloop.clock import NS_PER_DAY
from tradeloop.errors import DamagedError
from tradeloop.events import BAR, QUOTE, TRADE
from tradeloop.pipelines.captured import captured_market, captured_ticks
from tradeloop.pipelines.record import record_market
from tradeloop.stores import Event
from tradeloop.stores.parquet import content_sha256, encode


def bars(days, close=1.0):
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
    return BAR.conform(pl.DataFrame(rows))


def market(frame):
    return Market(frame, QUOTE.empty(), TRADE.empty(), NS_PER_DAY, ())


def record_as_before(workspace, frame):
    """One file by the hash of what it says, and one event without a version."""
    who, sha = workspace.principal, content_sha256(frame)
    folder = workspace.places.lake / who.tenant / "market" / "bar"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{sha}.parquet").write_bytes(encode(frame))
    at_ns = frame["received_ns"].max()
    body = {"kind": "bar", "sha256": sha, "rows": frame.height}
    event = Event(f"bar-{sha}", at_ns, at_ns, body)
    audit = workspace.audit("write", "market bar", rows=frame.height)
    workspace.journal.append(who, "slice", "lake", [event], audit)


def test_a_workspace_of_the_earlier_form_is_read_and_grows_on(workspace):
    record_as_before(workspace, bars(range(5)))
    assert_frame_equal(captured_market(workspace).market.bars, bars(range(5)))
    record_market(workspace, market(bars(range(5))), None)  # the same run again
    who = workspace.principal
    assert workspace.journal.counts(who) == {"slice": 1}
    assert workspace.journal.rejects(who) == []
    assert workspace.lake.ticks.commits(who, "bar") == []
    record_market(workspace, market(bars(range(3, 8), close=2.0)), None)
    found = captured_market(workspace).market.bars
    assert found["close"].to_list() == [1.0] * 3 + [2.0] * 5
    # Tidying the table leaves the files of the earlier form alone.
    assert workspace.lake.ticks.vacuum(who, "bar", older_than_ns=2**62) == 0
    assert_frame_equal(captured_market(workspace).market.bars, found)


def test_what_is_in_the_lake_and_not_in_the_journal_is_not_read(workspace, monkeypatch):
    record_market(workspace, market(bars(range(2))), None)
    with monkeypatch.context() as crash:
        crash.setattr(type(workspace.journal), "append", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            record_market(workspace, market(bars(range(2, 4))), None)
    assert captured_market(workspace).market.bars.height == 2
    record_market(workspace, market(bars(range(2, 4))), None)
    assert_frame_equal(captured_market(workspace).market.bars, bars(range(4)))
    found = workspace.journal.events(workspace.principal, "slice")
    assert [event.body["version"] for event in found] == [1, 2]


def test_compacting_changes_nothing_that_is_captured(workspace):
    who = workspace.principal
    for first in range(0, 12, 3):
        frame = bars(range(first, first + 5), close=float(1 + first % 9))
        record_market(workspace, market(frame), None)
    before = captured_market(workspace).market.bars
    assert workspace.lake.ticks.compact(who, "bar") == 4
    workspace.lake.ticks.vacuum(who, "bar", older_than_ns=2**62)
    assert_frame_equal(captured_market(workspace).market.bars, before)


def test_a_lake_that_lost_what_the_journal_lists_says_so(workspace):
    record_market(workspace, market(bars(range(2))), None)
    record_market(workspace, market(bars(range(2, 4))), None)
    logs = sorted(workspace.places.lake.rglob("_log/*.json"))
    logs[-1].unlink()
    workspace.lake.ticks._logs.clear()
    with pytest.raises(DamagedError, match="Version 2 of the bar data"):
        captured_market(workspace)


def test_two_quotes_at_one_time_without_a_number_are_two_quotes(workspace):
    quotes = QUOTE.conform(
        pl.DataFrame(
            {
                "instrument": ["A", "A"],
                "event_ns": [5, 5],
                "received_ns": [6, 6],
                "bid": [1.0, 2.0],
                "ask": [3.0, 3.0],
            }
        )
    )
    later = quotes.with_columns(pl.col("event_ns", "received_ns") + 2)
    for frame in (quotes, pl.concat([quotes, later])):
        many = Market(BAR.empty(), frame, TRADE.empty(), NS_PER_DAY, ())
        record_market(workspace, many, None)
    found = captured_ticks(workspace, QUOTE)
    assert_frame_equal(found, pl.concat([quotes, later]))
