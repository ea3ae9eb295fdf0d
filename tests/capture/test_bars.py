import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.time_bars import time_bars_oracle
from tradeloop.capture import bars_from_ticks, default_interval_ns
from tradeloop.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_SECOND
from tradeloop.events import BAR, QUOTE, TRADE

# Eighths are exact in binary, so that sums do not depend on their order.
EIGHTHS = st.integers(1, 800).map(lambda n: n / 8)
NAMES = st.sampled_from(["A", "B.X"])
TIMES = st.integers(0, 60)


def quote(instrument="A", at=0, bid=1.0, ask=2.0, size=1.0, known=None):
    return {
        "instrument": instrument,
        "event_ns": at,
        "received_ns": at if known is None else known,
        "bid": bid,
        "ask": ask,
        "bid_size": size,
        "ask_size": size,
        "sequence": None,
    }


def trade(instrument="A", at=0, price=1.0, size=1.0, side=1, known=None):
    return {
        "instrument": instrument,
        "event_ns": at,
        "received_ns": at if known is None else known,
        "price": price,
        "size": size,
        "side": side,
        "trade_id": None,
    }


def build(quotes, trades, interval_ns=10):
    return bars_from_ticks(
        pl.DataFrame(quotes, schema=dict(QUOTE.schema)),
        pl.DataFrame(trades, schema=dict(TRADE.schema)),
        interval_ns=interval_ns,
    )


QUOTES = st.lists(st.builds(quote, NAMES, TIMES, EIGHTHS, EIGHTHS, EIGHTHS), max_size=9)
TRADES = st.lists(
    st.builds(trade, NAMES, TIMES, EIGHTHS, EIGHTHS, st.sampled_from([-1, 0, 1])),
    max_size=9,
)


@settings(max_examples=150, deadline=None)
@given(QUOTES, TRADES, st.integers(1, 25), st.integers(0, 9))
def test_bars_equal_those_made_tick_by_tick(quotes, trades, interval_ns, lag_ns):
    for ticks in (quotes, trades):
        ticks.sort(key=lambda tick: (tick["instrument"], tick["event_ns"]))
        for tick in ticks:
            tick["received_ns"] = tick["event_ns"] + lag_ns
    bars = build(quotes, trades, interval_ns)
    assert bars.schema == dict(BAR.schema)
    assert bars.to_dicts() == time_bars_oracle(quotes, trades, interval_ns)


@settings(max_examples=60, deadline=None)
@given(QUOTES, TRADES, st.integers(0, 60))
def test_ticks_after_a_time_change_no_bar_that_ended_before(quotes, trades, cut):
    def until(ticks, end):
        own = [tick for tick in ticks if tick["event_ns"] < end]
        return sorted(own, key=lambda tick: (tick["instrument"], tick["event_ns"]))

    cut = cut // 10 * 10
    whole = build(until(quotes, 100), until(trades, 100))
    past = build(until(quotes, cut), until(trades, cut))
    prices = ["instrument", "event_ns", "bid", "ask", "open", "high", "low", "close"]
    # An instrument that is quoted only later has bars of trade prices until then.
    quoted = {q["instrument"] for q in until(quotes, cut)}
    unquoted = {q["instrument"] for q in quotes} - quoted
    same = ~pl.col("instrument").is_in(list(unquoted))
    ended = whole.filter((pl.col("event_ns") <= cut) & same).select(prices)
    assert ended.equals(past.filter(same).select(prices))


def test_a_bar_is_known_at_its_end_or_when_its_last_tick_was_received():
    bars = build([quote(at=3), quote(at=12, known=25)], [])
    assert bars["received_ns"].to_list() == [10, 25]


def test_a_tick_on_the_border_belongs_to_the_bar_that_starts_there():
    assert build([quote(at=10)], [])["open_ns"].to_list() == [10]


def test_a_bar_without_ticks_is_absent():
    assert build([quote(at=0), quote(at=55)], [])["open_ns"].to_list() == [0, 50]


def test_no_ticks_give_no_bars():
    assert build([], []).equals(BAR.empty())


def test_ticks_of_less_than_a_day_get_bars_of_a_second_and_longer_ones_of_a_minute():
    def span(ns):
        quotes = pl.DataFrame([quote(at=0), quote(at=ns)], schema=dict(QUOTE.schema))
        return default_interval_ns(quotes, TRADE.empty())

    assert span(NS_PER_DAY - 1) == NS_PER_SECOND
    assert span(NS_PER_DAY) == NS_PER_MINUTE
