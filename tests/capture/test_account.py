import json
import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradeloop.capture.account import account
from tradeloop.capture.choosing import choose
from tradeloop.capture.intake import QUARANTINE, row_bodies
from tradeloop.capture.layout import parse_layouts

HOUR = 3600 * 10**9
GOOD_BAR = {
    "symbol": "A",
    "open": 2.0,
    "high": 3.0,
    "low": 1.0,
    "close": 2.5,
    "volume": 5.0,
}
GOOD_QUOTE = {"symbol": "A", "bid": 1.0, "ask": 2.0, "bid_size": 1.0, "ask_size": 1.0}
GOOD_TRADE = {"symbol": "A", "price": 1.0, "size": 2.0, "side": "buy"}
NAN, INF = math.nan, math.inf


def read(rows, kind, text=""):
    table = pl.DataFrame(rows, infer_schema_length=None, strict=False)
    plan = choose(
        table.columns, (kind,), source="f", own=parse_layouts(text, source="m")
    )
    return account(table, plan)


def bar(hour, **other):
    return {"open_ns": hour * HOUR, "interval": "1h"} | GOOD_BAR | other


def quote(at, **other):
    return {"event_ns": at} | GOOD_QUOTE | other


def trade(at, **other):
    return {"event_ns": at} | GOOD_TRADE | other


def reason_of(bad, good, kind):
    intake = read([bad, good], kind)
    assert intake.rows.height == 1
    assert intake.quarantined["row"].to_list() == [0]
    return intake.quarantined["reason"][0]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"symbol": None}, "symbol_missing"),
        ({"symbol": "  "}, "symbol_missing"),
        ({"open_ns": None}, "time_missing"),
        ({"open_ns": -HOUR}, "time_out_of_range"),
        ({"open": None}, "open_missing"),
        ({"close": NAN}, "close_not_finite"),
        ({"high": INF}, "high_not_finite"),
        ({"low": -INF}, "low_not_finite"),
        ({"low": 0.0}, "low_not_positive"),
        ({"low": -1.0}, "low_not_positive"),
        ({"high": 0.5, "open": 0.7, "close": 0.7}, "high_below_low"),
        ({"open": 3.5}, "open_outside_range"),
        ({"open": 0.5}, "open_outside_range"),
        ({"close": math.nextafter(3.0, 4)}, "close_outside_range"),
        ({"close": math.nextafter(1.0, 0)}, "close_outside_range"),
        ({"volume": -1.0}, "volume_negative"),
        ({"volume": INF}, "volume_not_finite"),
        ({"interval": "soon"}, "interval_not_understood"),
        ({"interval": "1M"}, "interval_not_understood"),
        ({"interval": None}, "interval_not_understood"),
    ],
)
def test_a_bar_that_breaks_a_rule_is_set_aside_with_its_reason(change, reason):
    assert reason_of(bar(1, **change), bar(2), "bar") == reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"bid": 0.0}, "bid_not_positive"),
        ({"ask": -1.0}, "ask_not_positive"),
        ({"bid": NAN}, "bid_not_finite"),
        ({"ask": None}, "ask_missing"),
        ({"bid_size": -1.0}, "bid_size_negative"),
    ],
)
def test_a_quote_that_breaks_a_rule_is_set_aside_with_its_reason(change, reason):
    assert reason_of(quote(1, **change), quote(2), "quote") == reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"price": 0.0}, "price_not_positive"),
        ({"size": 0.0}, "size_not_positive"),
        ({"side": "sideways"}, "side_not_understood"),
    ],
)
def test_a_trade_that_breaks_a_rule_is_set_aside_with_its_reason(change, reason):
    assert reason_of(trade(1, **change), trade(2), "trade") == reason


def test_text_that_is_no_number_is_set_aside():
    rows = [bar(1, close="1,5"), bar(2, close="2.5")]
    assert reason_of(rows[0], rows[1], "bar") == "close_not_a_number"


def test_a_missing_volume_is_null_and_nan_counts_as_missing():
    intake = read([bar(1, volume=NAN), bar(2, volume=None)], "bar")
    assert intake.rows["volume"].to_list() == [None, None]
    assert any("1 NaN in volume" in note for note in intake.notes)


def test_an_unknown_side_of_a_trade_is_0():
    assert read([trade(1, side=None)], "trade").rows["side"].to_list() == [0]


def test_a_copy_is_set_aside_and_of_two_bodies_the_first_is_kept():
    rows = [bar(1), bar(2), bar(1), bar(1, close=2.0), bar(2)]
    intake = read(rows, "bar")
    assert intake.quarantined.select("row", "reason").rows() == [
        (2, "duplicate_row"),
        (3, "key_conflict"),
        (4, "duplicate_row"),
    ]
    assert intake.rows["close"].to_list() == [2.5, 2.5]


def test_quotes_of_one_time_without_a_number_are_two_quotes_unless_equal():
    intake = read([quote(1), quote(1, bid=1.5), quote(1)], "quote")
    assert intake.quarantined.select("row", "reason").rows() == [(2, "duplicate_row")]
    assert intake.rows["bid"].to_list() == [1.0, 1.5]


def test_quotes_of_one_time_and_number_conflict():
    intake = read([quote(1, seq=7), quote(1, bid=1.5, seq=7), quote(1, seq=8)], "quote")
    assert intake.quarantined.select("row", "reason").rows() == [(1, "key_conflict")]


def test_a_row_that_was_refused_makes_no_later_row_a_copy():
    assert read([bar(1, close=NAN), bar(1)], "bar").rows.height == 1


def test_rows_out_of_order_are_sorted_and_counted():
    rows = [bar(3), bar(1), bar(2), bar(1, symbol="B")]
    intake = read(rows, "bar")
    keys = intake.rows.select("instrument", "open_ns").rows()
    assert keys == [("A", HOUR), ("A", 2 * HOUR), ("A", 3 * HOUR), ("B", HOUR)]
    assert any(note.startswith("2 rows out of order") for note in intake.notes)
    tidy = read([bar(1), bar(1, symbol="B"), bar(2), bar(3)], "bar")
    assert not any("order" in note for note in tidy.notes)


def test_crossed_and_locked_quotes_are_kept_and_counted():
    rows = [quote(1, bid=3.0), quote(2, bid=2.0), quote(3)]
    intake = read(rows, "quote")
    assert intake.rows.height == 3
    assert "1 of 3 quotes are crossed (33.3 %), and kept" in intake.notes
    assert "1 of 3 quotes are locked (33.3 %), and kept" in intake.notes


def test_a_bar_ends_an_interval_after_its_start_and_is_known_then():
    row = read([bar(5)], "bar").rows.row(0, named=True)
    assert row["open_ns"] == 5 * HOUR
    assert row["event_ns"] == row["received_ns"] == 6 * HOUR


def test_a_stated_latency_puts_off_when_a_row_is_known():
    text = '[bar.rules]\nlatency = "5s"\n[quote.rules]\nlatency = "2s"'
    assert read([bar(5)], "bar", text).rows["received_ns"][0] == 6 * HOUR + 5 * 10**9
    assert read([quote(7)], "quote", text).rows["received_ns"][0] == 7 + 2 * 10**9


def test_a_time_at_the_end_of_a_bar_may_be_mapped():
    text = '[bar]\nclose_time = "open_ns"'
    row = read([bar(5)], "bar", text).rows.row(0, named=True)
    assert (row["open_ns"], row["event_ns"]) == (4 * HOUR, 5 * HOUR)


def test_the_length_of_a_bar_is_the_usual_distance_where_nothing_says_it():
    rows = [bar(h) for h in (1, 2, 3, 10, 11)]
    for row in rows:
        del row["interval"]
    intake = read(rows, "bar")
    assert (intake.rows["event_ns"] - intake.rows["open_ns"]).unique().to_list() == [
        HOUR
    ]
    assert any("bars taken as 1h long: 75.0 %" in note for note in intake.notes)


@pytest.mark.parametrize(
    ("event", "known", "kept"),
    [(5, 7, (5, 7)), (7, 5, (5, 5)), (None, 5, (5, 5)), (5, None, (5, 5))],
)
def test_nothing_is_known_before_it_happened(event, known, kept):
    rows = [{"event_ns": event, "received_ns": known} | GOOD_QUOTE]
    frame = pl.DataFrame(
        rows, schema_overrides={"event_ns": pl.Int64, "received_ns": pl.Int64}
    )
    intake = account(frame, choose(frame.columns, ("quote",), source="f"))
    assert intake.rows.select("event_ns", "received_ns").row(0) == kept
    assert any("received before they happened" in n for n in intake.notes) == (
        event == 7
    )
    assert intake.clock_cut == (event == 7)


def test_bars_of_bid_and_ask_become_bars_of_their_mean():
    prices = {f"bid_{n}": v for n, v in zip("ohlc", (2.0, 3.0, 1.0, 2.5), strict=True)}
    names = {"o": "open", "h": "high", "l": "low", "c": "close"}
    row = {f"bid_{names[k[-1]]}": v for k, v in prices.items()}
    row |= {k.replace("bid", "ask"): v + 1 for k, v in row.items()}
    row |= {"open_ns": HOUR, "interval": "1h", "symbol": "A"}
    bad = row | {"open_ns": 2 * HOUR, "ask_close": 9.0}
    intake = read([row, bad], "bar")
    kept = intake.rows.row(0, named=True)
    assert [kept[n] for n in names.values()] == [2.5, 3.5, 1.5, 3.0]
    assert (kept["bid"], kept["ask"]) == (2.5, 3.5)
    assert intake.reasons == {"ask_close_outside_range": 1}


def test_the_body_of_a_refused_row_is_the_row_as_read():
    intake = read([bar(1, close=NAN, colour="é"), bar(2, colour="b")], "bar")
    assert intake.quarantined.schema == dict(QUARANTINE)
    refused = intake.quarantined.row(0, named=True)
    assert refused["source"] == "f"
    assert refused["key"] == f"A|{2 * HOUR}"
    body = json.loads(refused["body"])
    assert body["close"] == "NaN"
    assert body["colour"] == "é"
    assert body["open_ns"] == HOUR


def test_times_keep_their_nanoseconds_in_a_body():
    at = pl.Series("at", [1], dtype=pl.Datetime("ns", "UTC"))
    assert row_bodies(pl.DataFrame([at])) == [
        '{"at": "1970-01-01T00:00:00.000000001+00:00"}'
    ]


NUMBERS = st.one_of(
    st.none(), st.sampled_from([NAN, INF, -INF, 0.0, -1.0, 1.0, 2.0, 3.0])
)
NAMES = st.sampled_from(["A", "B", "", None])
HOURS = st.one_of(st.none(), st.integers(-1, 3))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.builds(
            lambda hour, symbol, o, h, low, c, v: {
                "open_ns": None if hour is None else hour * HOUR,
                "interval": "1h",
                "symbol": symbol,
                "open": o,
                "high": h,
                "low": low,
                "close": c,
                "volume": v,
            },
            HOURS,
            NAMES,
            *[NUMBERS] * 5,
        ),
        min_size=1,
        max_size=12,
    )
)
def test_every_bar_is_kept_sound_or_refused_once(rows):
    schema = {"open_ns": pl.Int64, "interval": pl.String, "symbol": pl.String}
    schema |= dict.fromkeys(("open", "high", "low", "close", "volume"), pl.Float64)
    table = pl.DataFrame(rows, schema=schema)
    intake = account(table, choose(table.columns, ("bar",), source="f"))
    assert intake.read == len(rows)
    assert intake.quarantined["row"].is_unique().all()
    kept = [row for row in rows if _sound(row)]
    keys = {(row["symbol"], row["open_ns"]) for row in kept}
    assert set(intake.rows.select("instrument", "open_ns").rows()) == keys
    assert intake.rows.height == len(keys)
    firsts = {}
    for row in kept:
        firsts.setdefault((row["symbol"], row["open_ns"]), row["close"])
    found = dict(
        zip(
            intake.rows.select("instrument", "open_ns").rows(),
            intake.rows["close"],
            strict=True,
        )
    )
    assert found == firsts
    floats = intake.rows.select(pl.selectors.float())
    assert not any(value != value for row in floats.rows() for value in row)


def _sound(row):
    """Slow and obvious: is this a bar?"""
    prices = [row[name] for name in ("open", "high", "low", "close")]
    if not row["symbol"] or row["open_ns"] is None or row["open_ns"] < 0:
        return False
    if any(p is None or not math.isfinite(p) or p <= 0 for p in prices):
        return False
    o, h, low, c = prices
    volume = row["volume"]
    if volume is not None and (math.isinf(volume) or volume < 0):
        return False
    return low <= min(o, c) and max(o, c) <= h
