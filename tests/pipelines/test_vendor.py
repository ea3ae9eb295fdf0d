"""A vendor's history in the stores, and the commands that ask for it."""

import json

import pytest
from polars.testing import assert_frame_equal
from pydantic import SecretStr

from capture.polygon_standin import DROP, KEY, rest_vendor, stream_vendor
from pipelines.vendor_heard import T_MS, hear, quote, trade
from tradeloop.apps import capturing, vendor
from tradeloop.apps.settings import load
from tradeloop.apps.vendor import Asked
from tradeloop.capture.polygon import FeedError, History, Key, Patience
from tradeloop.clock import ReplayClock
from tradeloop.errors import InputError
from tradeloop.events import QUOTE, instant_ns
from tradeloop.pipelines.captured import captured_ticks
from tradeloop.pipelines.vendor import Wanted, download

DAY = instant_ns("2026-01-05T00:00:00Z")
UNTIL = instant_ns("2026-01-08T00:00:00Z")
DAY_NS = 86_400 * 10**9


def past_quote(day, at, **changed):
    stamp = DAY + day * DAY_NS + at * 1_000_000
    return {"sip_timestamp": stamp, "sequence_number": at, "bid_price": 1.0,
            "ask_price": 1.5, "bid_size": 1, "ask_size": 1, **changed}  # fmt: skip


@pytest.fixture
def past():
    with rest_vendor() as (standin, url):
        days = [past_quote(day, at) for day in range(3) for at in range(5)]
        days[7]["bid_price"] = -1
        standin.results["/v3/quotes/A"] = days
        standin.results["/v3/reference/splits"] = [
            {"id": "P", "ticker": "A", "execution_date": "2026-01-05",
             "split_from": 1, "split_to": 4},
            {"id": "Q", "ticker": "A", "execution_date": "?"},
        ]  # fmt: skip
        yield standin, url


def history(url):
    patience = Patience(tries=2, first_s=0.001)
    clock = ReplayClock(DAY)
    return History(Key(KEY), clock, latency_ns=1_000, url=url, patience=patience)


def wanted(*what):
    return Wanted(("A",), what or ("quotes", "splits"), DAY, UNTIL)


def test_history_is_in_lake_and_journal_and_every_row_is_accounted_for(workspace, past):
    _, url = past
    told = []
    with history(url) as asked:
        parts = download(workspace, asked, wanted(), tell=told.append)
    assert told == parts
    counts = [
        (p.capture.expected, p.capture.captured, p.capture.quarantined) for p in parts
    ]
    assert counts == [(5, 5, 0), (5, 4, 1), (5, 5, 0), (2, 1, 1)]
    assert parts[1].reasons == {"bid_not_positive": 1}
    rows = captured_ticks(workspace, QUOTE)
    assert rows["sequence"].to_list() == [0, 1, 2, 3, 4, 0, 1, 3, 4, 0, 1, 2, 3, 4]
    (split,) = workspace.journal.events(workspace.principal, "corporate_action")
    assert split.body["ratio"] == 4
    (reject,) = workspace.journal.rejects(workspace.principal)
    assert reject.rejected.reason == "execution_date_not_a_date"


def test_a_download_that_was_cut_is_begun_again_and_stores_each_row_once(
    workspace, past
):
    standin, url = past
    standin.faults = [(200, {}, b'{"results":[]}'), *[503] * 2]
    with history(url) as asked, pytest.raises(FeedError):
        download(workspace, asked, wanted("quotes"))
    for _ in range(2):
        with history(url) as asked:
            download(workspace, asked, wanted("quotes", "splits"))
    assert captured_ticks(workspace, QUOTE).height == 14
    assert len(workspace.journal.events(workspace.principal, "corporate_action")) == 1


def test_what_cannot_be_wanted_is_refused():
    for tickers, what, until in (
        ((), ("quotes",), UNTIL),
        (("A",), (), UNTIL),
        (("A",), ("news",), UNTIL),
        (("A",), ("quotes",), DAY),
    ):
        with pytest.raises(InputError):
            Wanted(tickers, what, DAY, until)


def test_history_and_stream_agree_on_what_is_in_both(workspace, past):
    """A live quote comes in the history with finer times and the same rest."""
    standin, url = past
    standin.results["/v3/quotes/A"] = [
        {"sip_timestamp": (T_MS + n) * 10**6 + 77, "sequence_number": n,
         "bid_price": 1.0 + n, "bid_size": 1, "ask_price": 2.0 + n, "ask_size": 1}
        for n in range(5)
    ]  # fmt: skip
    with history(url) as asked:
        intake = asked.quotes("A", DAY, UNTIL)
    hear(workspace, [[[quote(n)] for n in range(5)]], ("Q.A",))
    same = ["instrument", "bid", "ask", "bid_size", "ask_size", "sequence"]
    live = captured_ticks(workspace, QUOTE)
    assert_frame_equal(live.select(same), intake.rows.select(same))
    assert (intake.rows["event_ns"] // 10**6).equals(live["event_ns"] // 10**6)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.delenv("TRADELOOP_POLYGON_KEY", raising=False)
    return tmp_path


class WithKey:
    """Settings with the key that the application is to have."""

    def __init__(self, settings):
        self.polygon_key = SecretStr(KEY)
        self.places, self.acting = settings.places, settings.acting


ASKED = Asked(("A",), ("quotes",), "2026-01-05", "2026-01-08", "100ms")


def test_without_a_key_nothing_is_asked_for(folder):
    with pytest.raises(InputError, match="TRADELOOP_POLYGON_KEY"):
        vendor.history(folder, ASKED, url="http://127.0.0.1:1")
    with pytest.raises(InputError, match="TRADELOOP_POLYGON_KEY"):
        vendor.live(folder, ("T.A",), url="ws://127.0.0.1:1")


def test_the_commands_store_tell_and_show_without_the_key(
    folder, past, monkeypatch, capsys
):
    _, url = past
    settings = WithKey(load(folder))
    monkeypatch.setattr("tradeloop.apps.vendor.load", lambda _: settings)
    answer = vendor.history(folder, ASKED, url=url)
    capturing.show_file(answer)
    sessions = [[[quote(1), {"ev": "Q", "sym": KEY}], DROP], [[quote(5)]]]
    with stream_vendor(sessions) as (standin, stream_url):
        told = vendor.live(folder, ("Q.A",), url=stream_url, stop=standin.done)
    vendor.show(told)
    shown = capsys.readouterr().out
    assert "14 captured" not in shown  # one line for each day
    assert "5 rows = 4 captured + 1 quarantined" in shown
    assert "2 quotes stored, 0 came twice, 1 quarantined" in shown
    assert "no connection for" in shown
    assert "Q.A: nothing between the numbers 1 and 5" in shown
    written = json.dumps([answer, told]) + shown
    written += "".join(
        file.read_bytes().decode("latin-1")
        for file in folder.rglob("*")
        if file.is_file()
    )
    assert KEY not in written


def test_a_stream_ends_after_the_time_that_was_asked_for(folder, monkeypatch):
    settings = WithKey(load(folder))
    monkeypatch.setattr("tradeloop.apps.vendor.load", lambda _: settings)
    with stream_vendor([[[trade(1)]], []]) as (_, url):
        told = vendor.live(folder, ("T.A",), url=url, for_s=0.5)
    assert told["stored"] == {"trade": 1}
