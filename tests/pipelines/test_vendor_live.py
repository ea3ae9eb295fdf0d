"""A vendor's stream in the stores: every message once, and what never came is named."""

import json
import threading

import pytest

from capture.polygon_standin import DROP, KEY, stream_vendor
from pipelines.vendor_heard import PACE, QUICK, bar, hear, notes, quote, trade
from tradeloop.capture.polygon import Key, Limits, Stream
from tradeloop.clock import LiveClock
from tradeloop.errors import FullError
from tradeloop.events import BAR, QUOTE, TRADE
from tradeloop.pipelines.captured import captured_ticks
from tradeloop.pipelines.completeness import gaps_of
from tradeloop.pipelines.take import TickIntake
from tradeloop.pipelines.vendor_live import Pace, listen


def test_everything_arrives_once_over_losses_and_what_never_came_is_a_gap(workspace):
    """1 to 40 are sent, the line is cut twice, some are repeated, some left out."""
    first = [[trade(n), quote(n)] for n in range(1, 13)]
    # 10 to 12 come again; 13 is not lost: numbers go on where they ended.
    second = [[trade(n), quote(n)] for n in range(10, 26)]
    # 26 to 30 were sent while nobody listened, and never again.
    third = [[trade(n), quote(n)] for n in range(31, 41)]
    sessions = [[*first, DROP], [*second, DROP], third]
    account, standin = hear(workspace, sessions, ("T.A", "Q.A"))
    came = sorted({*range(1, 26), *range(31, 41)})
    trades, quotes = (captured_ticks(workspace, r) for r in (TRADE, QUOTE))
    assert trades["trade_id"].to_list() == [f"4:{n}" for n in came]
    assert quotes["sequence"].to_list() == came
    assert account.stored == {"trade": 35, "quote": 35}
    assert (account.duplicates, account.connections) == (6, 3)
    assert len(standin.subscribed) == 3
    found = notes(workspace)
    assert found == account.gaps
    away = [n for n in found if n["cause"] == "connection"]
    assert len(away) == 2
    assert all(n["from_ns"] <= n["to_ns"] for n in away)
    missing = {
        (n["channel"], n["after"], n["before"])
        for n in found
        if n["cause"] == "interruption"
    }
    assert missing == {("T", 25, 31), ("Q", 25, 31)}
    # Our own numbers prove that no batch is missing.
    assert gaps_of(workspace.journal, workspace.principal).complete
    lives = workspace.journal.numbered(workspace.principal)
    sent = {(life.source, life.epoch): life.highest for life in lives}
    batches = sent["polygon/trades", 1] + sent["polygon/quotes", 1]
    assert batches == account.batches > 2


def test_garbage_is_set_aside_with_its_reason_and_its_neighbours_are_stored(workspace):
    frames = [
        [trade(1), {"ev": "T"}, 7, None, {"ev": "LULD", "sym": "A"}, trade(2)],
        "no json",
        "[1e999]",
        b"\xff\x00",
        [trade(3, p="1"), trade(4, p=-1), trade(5, t=5), trade(6, i=None), trade(7)],
        [trade(7, p=3.0), {"ev": ["T"], "sym": {}}, {"ev": "T", "sym": KEY}],
    ]
    account, _ = hear(workspace, [frames], ("T.A",))
    assert account.stored == {"trade": 4}
    assert captured_ticks(workspace, TRADE)["price"].sort().to_list() == [2, 3, 7, 8]
    assert account.quarantined == {
        "instrument_missing": 1,
        "event_not_known": 4,
        "no_json": 3,
        "price_not_a_number": 1,
        "trade": 1,
        "t_outside_1990_to_2200": 1,
        "key_conflict": 1,
        "t_missing": 1,
    }
    rejects = workspace.journal.rejects(workspace.principal)
    written = json.dumps([[r.rejected.reason, r.rejected.body] for r in rejects])
    assert KEY not in written
    # The row with a price below 0 lies in the lake's quarantine, not in the journal's.
    assert len(rejects) == sum(account.quarantined.values()) - 1 == 12
    reasons = {r.rejected.reason.partition(":")[0] for r in rejects}
    assert reasons == set(account.quarantined) - {"trade"}


def test_bars_come_as_they_were_sent_and_a_corrected_one_comes_too(workspace):
    frames = [[bar(0), bar(1)], [bar(0), bar(0, 2.0), bar(2)]]
    account, _ = hear(workspace, [frames], ("AM.A",))
    assert account.stored == {"bar": 4}
    assert (account.duplicates, account.corrected) == (1, 1)
    rows = captured_ticks(workspace, BAR)
    assert rows["close"].to_list() == [2.0, 1.0, 1.0]  # the later one counts
    assert (rows["received_ns"] >= rows["event_ns"]).all()


def test_a_second_run_is_a_new_life_of_the_source(workspace):
    for epoch in (1, 2):
        account, _ = hear(workspace, [[[trade(epoch)], DROP], [[trade(9)]]], ("T.A",))
        assert account.epoch == epoch
    assert gaps_of(workspace.journal, workspace.principal).complete
    assert captured_ticks(workspace, TRADE).height == 3
    assert len([n for n in notes(workspace) if n["cause"] == "connection"]) == 2


def test_a_disk_that_is_full_for_a_while_loses_nothing(workspace, monkeypatch):
    ticks, refused = type(workspace.lake.ticks), []
    store = ticks.append_all

    def full_at_first(*given):
        if len(refused) < 3:
            refused.append(1)
            raise FullError("No space is left.")
        return store(*given)

    monkeypatch.setattr(ticks, "append_all", full_at_first)
    account, _ = hear(workspace, [[[trade(n)] for n in range(30)]], ("T.A",))
    assert len(refused) == 3
    assert account.stored == {"trade": 30}
    assert captured_ticks(workspace, TRADE).height == 30
    assert gaps_of(workspace.journal, workspace.principal).complete


def test_a_disk_that_stays_full_is_told(workspace, monkeypatch):
    def full(*_):
        raise FullError("No space is left.")

    monkeypatch.setattr(type(workspace.lake.ticks), "append_all", full)
    pace = Pace(rows=1, after_s=0.01, retry_s=0.001, tries=3)
    with pytest.raises(FullError):
        hear(workspace, [[[trade(1)]]], ("T.A",), pace=pace)


def test_channels_that_the_vendor_does_not_confirm_and_clocks_ahead_are_told(workspace):
    late_ms = LiveClock().now_ns() // 10**6 + 3_600_000
    frames = [[trade(1), trade(2, t=late_ms)]]
    with stream_vendor([frames]) as (standin, url):
        stream = Stream(
            Key(KEY), ("T.A",), LiveClock(), stop=standin.done, url=url, limits=QUICK
        )
        stream.channels = ("T.A", "T.B")
        stream.confirmed = NoB()
        with TickIntake(workspace.lake, workspace.journal, workspace.clock) as intake:
            account = listen(workspace, intake, stream, pace=PACE)
    assert account.unconfirmed == ("T.B",)
    assert account.ahead == 1
    rows = captured_ticks(workspace, TRADE)
    assert (rows["event_ns"] <= rows["received_ns"]).all()


class NoB(set):
    """What the vendor confirms, but for one channel."""

    def update(self, *names):
        super().update(set(*names) - {"T.B"})


def test_an_end_without_a_connection_is_a_gap_until_the_end(workspace):
    with stream_vendor([[[trade(1)], DROP], []]) as (standin, url):
        stop = threading.Event()
        slow = Limits(first_s=60, longest_s=60, poll_s=0.02)
        live = Stream(Key(KEY), ("T.A",), LiveClock(), stop=stop, url=url, limits=slow)
        rests = live._rests

        def stopped(failed):
            stop.set()
            return rests(failed)

        live._rests = stopped
        with TickIntake(workspace.lake, workspace.journal, workspace.clock) as intake:
            account = listen(workspace, intake, live, pace=PACE)
        standin.done.set()
    assert account.stored == {"trade": 1}
    (note,) = notes(workspace)
    assert note["cause"] == "connection"
