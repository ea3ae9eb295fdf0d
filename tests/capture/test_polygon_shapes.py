"""Whatever the vendor sends, a message is a row of the record or has a reason."""

import math
from datetime import UTC
from itertools import pairwise
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeloop.capture.polygon.actions import dividend_row, split_row
from tradeloop.capture.polygon.shapes import (
    UnfitError,
    history_bar,
    history_quote,
    history_trade,
    live_bar,
    live_quote,
    live_trade,
)
from tradeloop.capture.polygon.spans import days_between, span_of
from tradeloop.clock import NS_PER_HOUR
from tradeloop.errors import InputError
from tradeloop.events import BAR, CORPORATE_ACTION, QUOTE, TRADE, instant_ns

NEW_YORK = ZoneInfo("America/New_York")
T_MS = 1_767_623_400_123
NOW = T_MS * 1_000_000 + 5_000_000
REST_NS = {"participant_timestamp": NOW, "sip_timestamp": NOW + 9}
READERS = {
    "history quote": (
        QUOTE,
        lambda m: history_quote(m, "A", 5),
        {**REST_NS, "bid_price": 1.0, "ask_price": 2.0, "bid_size": 3, "ask_size": 4.0,
         "sequence_number": 7},
    ),
    "history trade": (
        TRADE,
        lambda m: history_trade(m, "A", 5),
        {**REST_NS, "trf_timestamp": NOW, "price": 1.5, "size": 0.25, "exchange": 4,
         "trf_id": 202, "id": "x", "correction": 0},
    ),
    "history bar": (
        BAR,
        lambda m: history_bar(m, "A", 5, span_of("1d").end_of(NEW_YORK)),
        {"t": T_MS, "o": 1, "h": 2, "l": 1, "c": 1, "v": 1.5e9},
    ),
    "live quote": (
        QUOTE,
        lambda m: live_quote(m, NOW),
        {"ev": "Q", "sym": "A", "bp": 1, "ap": 2, "bs": 3, "as": 4, "t": T_MS, "q": 7},
    ),
    "live trade": (
        TRADE,
        lambda m: live_trade(m, NOW),
        {"ev": "T", "sym": "A", "p": 1, "s": 2, "t": T_MS, "x": 4, "trfi": 202,
         "i": "x", "q": 7},
    ),
    "live bar": (
        BAR,
        lambda m: live_bar(m, NOW),
        {"ev": "AM", "sym": "A", "o": 1, "h": 2, "l": 1, "c": 1, "v": 9, "s": T_MS,
         "e": T_MS + 60_000},
    ),
    "dividend": (
        CORPORATE_ACTION,
        lambda m: dividend_row(m, 5),
        {"id": "E", "ticker": "A", "cash_amount": 1, "currency": "USD",
         "declaration_date": "2026-01-02", "ex_dividend_date": "2026-01-05"},
    ),
    "split": (
        CORPORATE_ACTION,
        lambda m: split_row(m, 5),
        {"id": "P", "ticker": "A", "execution_date": "2026-01-05", "split_from": 1,
         "split_to": 4},
    ),
}  # fmt: skip
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",)), max_size=300)
    | st.sampled_from(
        ["0001-01-01", "9999-12-31", "1800-01-01", "2198-12-31", "20260105"]
    ),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2)
    ),
    max_leaves=4,
)


@pytest.mark.parametrize("name", READERS)
def test_a_sound_message_is_a_row_of_its_record(name):
    record, read, message = READERS[name]
    row = pl.DataFrame([read(message)], schema=record.schema, orient="row").row(
        0, named=True
    )
    for column in record.columns:
        assert column.nullable or row[column.name] is not None
    assert row["received_ns"] >= row["event_ns"]


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
def test_any_value_in_any_field_gives_a_row_of_the_record_or_a_reason(name, data):
    record, read, message = READERS[name]
    fields = data.draw(
        st.sets(st.sampled_from(sorted(message)), min_size=1, max_size=3)
    )
    changed = {**message, **{field: data.draw(JSON) for field in sorted(fields)}}
    try:
        row = read(changed)
    except UnfitError as fault:
        reason = str(fault)
    else:
        reason = ""
    if reason:
        assert reason.isprintable()
        return
    frame = pl.DataFrame([row], schema=record.schema, orient="row", strict=True)
    told = frame.row(0, named=True)
    assert told["event_ns"] <= told["received_ns"]
    numbers = [v for v in told.values() if isinstance(v, float)]
    assert all(map(math.isfinite, numbers))


def test_times_of_the_stream_are_milliseconds_and_are_cut_to_our_clock():
    _, _, message = READERS["live trade"]
    assert live_trade(message, NOW)[1:3] == (T_MS * 1_000_000, NOW)
    early = T_MS * 1_000_000 - 7
    assert live_trade(message, early)[1:3] == (early, early)
    with pytest.raises(UnfitError, match="t_outside_1990_to_2200"):
        live_trade({**message, "t": T_MS * 1_000_000}, NOW)


def test_a_live_bar_is_not_known_before_its_end():
    _, _, message = READERS["live bar"]
    end = (T_MS + 60_000) * 1_000_000
    assert live_bar(message, end - 5)[1:4] == (T_MS * 1_000_000, end, end)
    assert live_bar(message, end + 5)[3] == end + 5


def test_the_live_and_the_historical_trade_have_one_id():
    live = live_trade(READERS["live trade"][2], NOW)
    past = history_trade(READERS["history trade"][2], "A", 0)
    assert live[-1] == past[-1] == "4/202:x"


def test_days_together_are_the_period_and_have_23_24_or_25_hours():
    since, until = (
        instant_ns("2026-03-06T12:00:00Z"),
        instant_ns("2026-11-20T01:00:00Z"),
    )
    for zone in (UTC, NEW_YORK):
        parts = days_between(since, until, zone)
        assert (parts[0][0], parts[-1][1]) == (since, until)
        assert all(a[1] == b[0] for a, b in pairwise(parts))
        lengths = {(end - first) // NS_PER_HOUR for first, end in parts[1:-1]}
        assert lengths == ({24} if zone is UTC else {23, 24, 25})
    with pytest.raises(InputError):
        days_between(until, since, UTC)


@pytest.mark.parametrize("text", ["", "0m", "1w", "m", "1.5m", "99999d", "1M"])
def test_what_is_no_length_of_a_bar_is_refused(text):
    with pytest.raises(InputError):
        span_of(text)
