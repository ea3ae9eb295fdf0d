"""History: every result once, kept or in quarantine; the vendor may stumble."""

import polars as pl
import pytest

from capture.polygon_history_asked import (
    DAY,
    LATENCY,
    NEXT,
    OPEN,
    history,
    quote,
    trade,
)
from capture.polygon_standin import rest_vendor
from tradeloop.clock import NS_PER_HOUR, NS_PER_MINUTE
from tradeloop.errors import InputError
from tradeloop.events import BAR, CORPORATE_ACTION, QUOTE, TRADE, instant_ns


@pytest.fixture
def vendor():
    with rest_vendor() as (standin, url):
        yield standin, url


def test_all_pages_are_read_once_and_in_order(vendor):
    standin, url = vendor
    standin.results["/v3/quotes/AAPL"] = [quote(at) for at in range(8)]
    with history(url) as asked:
        intake = asked.quotes("AAPL", DAY, NEXT)
    assert len(standin.asked) == 3
    assert (intake.read, intake.quarantined.height) == (8, 0)
    assert dict(intake.rows.schema) == dict(QUOTE.schema)
    assert intake.rows["sequence"].to_list() == [100 + 3 * at for at in range(8)]
    assert intake.rows["event_ns"].to_list() == [
        OPEN + at * 1_000_000 for at in range(8)
    ]
    lag = (intake.rows["received_ns"] - intake.rows["event_ns"]).unique().to_list()
    assert lag == [200_000 + LATENCY]
    assert any("50ms" in note for note in intake.notes)
    assert any("1 x 8" in note for note in intake.notes)


def test_trades_keep_ids_and_say_no_side(vendor):
    standin, url = vendor
    rows = [trade(0), trade(1, trf_id=202, trf_timestamp=OPEN + NS_PER_HOUR), trade(2)]
    standin.results["/v3/trades/AAPL"] = rows
    with history(url) as asked:
        intake = asked.trades("AAPL", DAY, NEXT)
    assert dict(intake.rows.schema) == dict(TRADE.schema)
    assert intake.rows["trade_id"].to_list() == ["4:0", "4/202:1", "4:2"]
    assert intake.rows["side"].to_list() == [0, 0, 0]
    # A trade that was reported late was not known before.
    assert intake.rows["received_ns"][1] == OPEN + NS_PER_HOUR + LATENCY


BROKEN = {
    "bid_missing": {"bid_price": None},
    "ask_not_a_number": {"ask_price": "10.5"},
    "bid_not_positive": {"bid_price": 0},
    "bid_size_negative": {"bid_size": -1},
    "sequence_not_a_whole_number": {"sequence_number": 1.5},
    "time_missing": {"participant_timestamp": None, "sip_timestamp": 0},
    "participant_timestamp_outside_1990_to_2200": {
        "participant_timestamp": OPEN // 1_000_000  # milliseconds
    },
    "bid_not_a_number": {"bid_price": True},
    "size_not_finite": {"bid_size": 1e308, "participant_timestamp": OPEN - 10**17},
}


@pytest.mark.parametrize(("reason", "changed"), BROKEN.items(), ids=list(BROKEN))
def test_a_row_that_breaks_a_rule_stands_in_quarantine_and_its_neighbours_are_kept(
    vendor, reason, changed
):
    standin, url = vendor
    standin.results["/v3/quotes/A"] = [quote(0), quote(1, **changed), quote(2)]
    with history(url) as asked:
        intake = asked.quotes("A", DAY - 10**18, NEXT)
    assert intake.rows["sequence"].to_list() == [100, 106]
    assert list(intake.reasons) == [reason]
    assert intake.quarantined["row"].to_list() == [1]
    assert '"bid_exchange": 4' in intake.quarantined["body"][0]


def test_what_is_no_object_comes_twice_or_otherwise_is_set_aside(vendor):
    standin, url = vendor
    standin.results["/v3/quotes/A"] = [
        *(quote(0), quote(0), quote(0, bid_price=9.0)),
        *(quote(1), quote(2)),
    ]
    with history(url) as asked:
        intake = asked.quotes("A", DAY, NEXT)
    assert intake.rows.height == 3
    assert dict(intake.reasons) == {"duplicate_row": 1, "key_conflict": 1}
    standin.results["/v3/reference/splits"] = ["text", 7, None, []]
    with history(url) as asked:
        none = asked.splits("A", DAY, NEXT)
    assert (none.rows.height, dict(none.reasons)) == (0, {"not_an_object": 4})


def test_a_trade_that_was_changed_later_is_set_aside(vendor):
    standin, url = vendor
    rows = [trade(0, correction=0), trade(1, correction=8), trade(2)]
    standin.results["/v3/trades/A"] = rows
    with history(url) as asked:
        intake = asked.trades("A", DAY, NEXT)
    assert intake.rows.height == 2
    assert dict(intake.reasons) == {"trade_correction_8": 1}


def test_bars_are_asked_for_as_traded_and_end_with_the_day_of_new_york(vendor):
    standin, url = vendor
    # Midnights in New York around the change of the clocks on 8 March 2026.
    starts = [
        "2026-03-06T05:00",
        "2026-03-07T05:00",
        "2026-03-08T05:00",
        "2026-03-09T04:00",
    ]
    starts = [instant_ns(f"{text}:00Z") for text in starts]
    values = {"o": 1, "h": 2, "l": 0.5, "c": 1.5, "v": 1.2e9, "vw": 1.3, "n": 9}
    path = (
        f"/v2/aggs/ticker/X/range/1/day/{starts[0] // 10**6}/{starts[3] // 10**6 - 1}"
    )
    standin.results[path] = [{**values, "t": start // 10**6} for start in starts[:3]]
    with history(url) as asked:
        intake = asked.bars("X", "1d", starts[0], starts[3])
    assert standin.asked[0][1]["adjusted"] == "false"
    assert dict(intake.rows.schema) == dict(BAR.schema)
    assert intake.rows["open_ns"].to_list() == starts[:3]
    assert intake.rows["event_ns"].to_list() == starts[1:]
    assert intake.rows["received_ns"].to_list() == [s + LATENCY for s in starts[1:]]
    assert intake.rows["volume"].to_list() == [1.2e9] * 3


def test_bars_of_minutes_have_one_length_and_bad_ones_are_set_aside(vendor):
    standin, url = vendor
    path = f"/v2/aggs/ticker/X:BTCUSD/range/5/minute/{DAY // 10**6}/{NEXT // 10**6 - 1}"
    good = {"o": 1, "h": 2, "l": 0.5, "c": 1.5, "t": OPEN // 10**6}
    standin.results[path.replace(":", "%3A")] = [
        good,
        {**good, "h": 1, "t": good["t"] + 300_000},
    ]
    with history(url) as asked:
        intake = asked.bars("X:BTCUSD", "5m", DAY, NEXT)
    assert intake.rows["event_ns"].to_list() == [OPEN + 5 * NS_PER_MINUTE]
    assert dict(intake.reasons) == {"close_outside_range": 1}


def test_actions_are_known_from_their_announcement_or_from_the_ex_day(vendor):
    standin, url = vendor
    standin.results["/v3/reference/dividends"] = [
        {"id": "E1", "ticker": "A", "cash_amount": 0.25, "currency": "USD",
         "declaration_date": "2026-01-02", "ex_dividend_date": "2026-01-05"},
        {"id": "E2", "ticker": "A", "cash_amount": 0.5,
         "ex_dividend_date": "2026-01-05"},
        {"id": "E3", "ticker": "A", "cash_amount": 0, "ex_dividend_date": "2026-01-05"},
        {"id": "E4", "ticker": "A", "cash_amount": 1, "ex_dividend_date": "soon"},
        {"id": "E5", "ticker": "A", "cash_amount": 1, "ex_dividend_date": "9999-12-31"},
    ]  # fmt: skip
    standin.results["/v3/reference/splits"] = [
        {"id": "P1", "ticker": "A", "execution_date": "2026-01-05",
         "split_from": 1, "split_to": 4},
        {"id": "P2", "ticker": "A", "execution_date": "2026-01-05",
         "split_from": 1e-308, "split_to": 1e308},
    ]  # fmt: skip
    with history(url) as asked:
        dividends, splits = (
            asked.dividends("A", DAY, NEXT),
            asked.splits("A", DAY, NEXT),
        )
    assert dict(dividends.rows.schema) == dict(CORPORATE_ACTION.schema)
    told = dividends.rows.sort("action_id")
    ex_ns = instant_ns("2026-01-05T05:00:00Z")
    assert told["ex_ns"].to_list() == [ex_ns, ex_ns]
    assert told["event_ns"].to_list() == [instant_ns("2026-01-02T05:00:00Z"), ex_ns]
    known = instant_ns("2026-01-03T05:00:00Z")
    assert told["received_ns"].to_list() == [known + LATENCY, ex_ns + LATENCY]
    assert told["amount"].to_list() == [0.25, 0.5]
    assert sorted(dividends.reasons) == [
        "amount_not_positive",
        "ex_dividend_date_not_a_date",
        "ex_dividend_date_outside_1800_to_2198",
    ]
    assert splits.rows["ratio"].to_list() == [4.0]
    assert splits.rows["received_ns"].to_list() == [ex_ns + LATENCY]
    assert dict(splits.reasons) == {"ratio_not_finite": 1}


def test_sizes_of_old_quotes_are_round_lots_and_of_new_ones_shares(vendor):
    standin, url = vendor
    turn = instant_ns("2025-11-03T05:00:00Z")
    rows = [
        quote(0, participant_timestamp=at, sip_timestamp=at) for at in (turn - 1, turn)
    ]
    standin.results["/v3/quotes/A"] = rows
    for lot in (100.0, 1.0):
        with history(url, round_lot=lot) as asked:
            intake = asked.quotes("A", turn - 10, NEXT)
        assert intake.rows["bid_size"].to_list() == [2 * lot, 2.0]
        assert any(f"{lot:g}" in note for note in intake.notes)


@pytest.mark.parametrize("ticker", ["", "*", "../x", "A/B", "A?x=1", "A B", "a" * 41])
def test_what_is_no_ticker_is_not_asked_for(vendor, ticker):
    standin, url = vendor
    with history(url) as asked:
        for call in (asked.quotes, asked.trades, asked.dividends, asked.splits):
            with pytest.raises(InputError):
                call(ticker, DAY, NEXT)
        with pytest.raises(InputError):
            asked.bars("A", "1w", DAY, NEXT)
    assert standin.asked == []


def test_no_answer_is_an_empty_account_of_the_right_columns(vendor):
    standin, url = vendor
    standin.results["/v3/trades/A"] = []
    with history(url) as asked:
        intake = asked.trades("A", DAY, NEXT)
    assert isinstance(intake.rows, pl.DataFrame)
    assert (intake.read, dict(intake.rows.schema)) == (0, dict(TRADE.schema))
