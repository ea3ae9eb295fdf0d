"""Bars of every kind: against bars made by hand, live against history, and laws."""

import math
from fractions import Fraction

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.bars_by_hand import bars_by_hand, joined
from tradeloop.capture.bars import bars_from_ticks
from tradeloop.capture.bars_live import SCHEMA, Bars
from tradeloop.capture.bars_rules import (
    Feed,
    Imbalance,
    dollar_bars,
    tick_bars,
    tick_imbalance_bars,
    time_bars,
    volume_bars,
)
from tradeloop.clock import NS_PER_DAY, NS_PER_SECOND
from tradeloop.errors import InputError
from tradeloop.events import QUOTE, TRADE

IMBALANCE = Imbalance(3.0, 0.5, 4.0, 6.0, 2.0, 9.0, least_balance=0.25)
RULES = {
    "time": (time_bars(10), 10),
    "tick": (tick_bars(3), 3),
    "volume": (volume_bars(2.5), 2.5),
    "dollar": (dollar_bars(9.0), 9.0),
    "imbalance": (tick_imbalance_bars(IMBALANCE), 0),
}
PRICES = st.integers(1, 300).map(lambda n: n / 100)
SIZES = st.integers(1, 30).map(lambda n: n / 10)


def _tick(at, lag, **values):
    return {"instrument": "A", "event_ns": at, "received_ns": at + lag} | values


def _quote(at, lag, bid, ask, size):
    sizes = {"bid_size": size, "ask_size": size}
    return _tick(at, lag, bid=bid, ask=ask, sequence=None) | sizes


def _trade(at, lag, price, size, side):
    return _tick(at, lag, price=price, size=size, side=side, trade_id=None)


TIMES, LAGS = st.integers(0, 80), st.integers(0, 30)
QUOTES = st.lists(
    st.builds(_quote, TIMES, LAGS, PRICES, PRICES, st.none() | SIZES), max_size=25
).map(lambda ticks: sorted(ticks, key=lambda tick: tick["event_ns"]))
TRADES = st.lists(
    st.builds(_trade, TIMES, LAGS, PRICES, SIZES, st.sampled_from([-1, 0, 1])),
    max_size=25,
).map(lambda ticks: sorted(ticks, key=lambda tick: tick["event_ns"]))
KINDS = [
    *((kind, "trade") for kind in RULES),
    *((kind, "mid") for kind in ("time", "tick", "imbalance")),
]


def frames(quotes, trades):
    return (
        pl.DataFrame(quotes, schema=dict(QUOTE.schema)),
        pl.DataFrame(trades, schema=dict(TRADE.schema)),
    )


def history(kind, prices, quotes, trades):
    bars = Bars(RULES[kind][0], Feed(prices))
    return bars.update(*frames(quotes, trades)), bars.unfinished()


@pytest.mark.parametrize(("kind", "prices"), KINDS)
@settings(max_examples=25)
@given(quotes=QUOTES, trades=TRADES)
def test_bars_equal_those_made_by_hand_to_the_bit(kind, prices, quotes, trades):
    feed = (prices == "mid", True, True)
    rule = IMBALANCE if kind == "imbalance" else None
    ticks = joined(quotes, trades)
    by_hand, left = bars_by_hand(kind, RULES[kind][1], ticks, feed, rule)
    closed, open_ones = history(kind, prices, quotes, trades)
    assert closed.drop("instrument").to_dicts() == by_hand
    assert open_ones.drop("instrument").to_dicts() == left


@pytest.mark.parametrize(("kind", "prices"), KINDS)
@settings(max_examples=20)
@given(quotes=QUOTES, trades=TRADES, cuts=st.lists(st.integers(0, 81), max_size=5))
def test_live_tick_by_tick_and_any_chunks_equal_history(
    kind, prices, quotes, trades, cuts
):
    closed, left = history(kind, prices, quotes, trades)
    live, rows = Bars(RULES[kind][0], Feed(prices)), []
    for is_trade, tick in joined(quotes, trades):
        times = tick["event_ns"], tick["received_ns"]
        names = ("price", "size", "side") if is_trade else tuple(QUOTE.schema)[3:7]
        take = live.trade if is_trade else live.quote
        bar = take("A", times, *(tick[name] for name in names))
        rows += [bar] if bar else []
    assert pl.DataFrame(rows, schema=SCHEMA).equals(closed)
    assert live.unfinished().equals(left)
    parts, chunked = [], Bars(RULES[kind][0], Feed(prices))
    for low, high in zip([-1, *sorted(cuts)], [*sorted(cuts), 99], strict=True):
        chunk = [
            [tick for tick in ticks if low < tick["event_ns"] <= high]
            for ticks in (quotes, trades)
        ]
        parts.append(chunked.update(*frames(*chunk)))
    assert pl.concat(parts).equals(closed)
    assert chunked.unfinished().equals(left)


@pytest.mark.parametrize(("kind", "prices"), KINDS)
@settings(max_examples=20)
@given(quotes=QUOTES, trades=TRADES, cut=st.integers(0, 80))
def test_no_tick_is_lost_and_later_ones_change_no_complete_bar(
    kind, prices, quotes, trades, cut
):
    closed, left = history(kind, prices, quotes, trades)
    every = pl.concat([closed, left])
    if prices == "trade":
        assert every["n_trades"].sum() == len(trades)
        exact = sum(Fraction(tick["size"]) for tick in trades)
        # Each bar is rounded once, to half a unit of its last place.
        bound = sum(math.ulp(volume) for volume in every["volume"])
        assert abs(sum(map(Fraction, every["volume"])) - exact) <= bound
    else:
        assert every["n_quotes"].sum() == len(quotes)
    body = every.select("open", "close")
    assert (every["high"] >= body.max_horizontal()).all()
    assert (every["low"] <= body.min_horizontal()).all()
    assert (every["received_ns"] >= every["event_ns"]).all()
    before = [[t for t in ticks if t["event_ns"] <= cut] for ticks in (quotes, trades)]
    past, _ = history(kind, prices, *before)
    assert past.equals(closed[: past.height])


def test_time_bars_begin_at_multiples_since_1970_and_days_are_days_of_utc():
    day = Bars(time_bars("1d"))
    day.trade("A", (5 * NS_PER_DAY + 1, 0), 1.0, 1.0)
    bar = day.trade("A", (6 * NS_PER_DAY, 0), 1.0, 1.0)
    assert (bar["open_ns"], bar["event_ns"]) == (5 * NS_PER_DAY, 6 * NS_PER_DAY)
    quarter = Bars(time_bars("15m"))
    quarter.trade("A", (47 * 60 * NS_PER_SECOND, 0), 1.0, 1.0)
    assert quarter.unfinished()["open_ns"].to_list() == [45 * 60 * NS_PER_SECOND]


def test_the_clock_closes_a_bar_without_waiting_for_the_next_tick():
    bars = Bars(time_bars(10))
    bars.trade("A", (3, 14), 2.0, 1.0)
    assert bars.advance(9).height == 0
    closed = bars.advance(10)
    assert closed.select("event_ns", "received_ns").rows() == [(10, 14)]
    assert bars.advance(11).height == 0
    with pytest.raises(InputError, match="comes after"):
        bars.trade("A", (9, 15), 2.0, 1.0)


def test_a_tick_that_runs_back_in_time_is_refused_and_changes_nothing():
    bars = Bars(time_bars(10))
    bars.trade("A", (30, 30), 2.0, 1.0)
    before = bars.unfinished()
    with pytest.raises(InputError, match="BarVersions"):
        bars.trade("A", (29, 31), 2.0, 1.0)
    with pytest.raises(InputError):
        bars.update(
            trades=frames([], [_trade(40, 0, 1.0, 1.0, 1), _trade(35, 0, 1.0, 1.0, 1)])[
                1
            ]
        )
    assert bars.unfinished().equals(before)


def test_a_bar_is_not_known_before_the_quote_that_stands_in_it():
    quotes = [_quote(5, 40, 1.0, 3.0, 1.0)]
    trades = [_trade(12, 0, 2.0, 1.0, 1)]
    bars = bars_from_ticks(*frames(quotes, trades), interval_ns=10)
    assert bars["close"].to_list() == [2.0, 2.0]
    assert bars["received_ns"].to_list() == [45, 45]


@pytest.mark.parametrize(
    "make",
    [
        lambda: time_bars(0),
        lambda: tick_bars(0),
        lambda: volume_bars(-1.0),
        lambda: dollar_bars(math.nan),
        lambda: Bars(volume_bars(1.0), Feed("mid")),
        lambda: tick_imbalance_bars(Imbalance(3.0, 0.0, 4.0, 6.0, 2.0, 9.0)),
        lambda: tick_imbalance_bars(Imbalance(1.0, 0.5, 4.0, 6.0, 2.0, 9.0)),
        lambda: Bars(time_bars(1), {}).trade("A", (1, 1), 1.0, 1.0),
    ],
)
def test_sizes_and_feeds_that_make_no_bars_are_refused(make):
    with pytest.raises(InputError):
        make()


def test_imbalance_bars_by_the_takers_side_differ_from_those_of_the_tick_rule():
    draw = np.random.default_rng(1)
    rows = [
        _trade(k, 0, float(price), 1.0, int(side))
        for k, (price, side) in enumerate(
            zip(draw.integers(1, 5, 200), draw.choice([-1, 1], 200), strict=True)
        )
    ]
    trades = frames([], rows)[1]
    by_taker = Imbalance(3.0, 0.5, 4.0, 6.0, 2.0, 9.0, 0.25, by_taker=True)
    told = Bars(tick_imbalance_bars(by_taker)).update(trades=trades)
    assert not told.equals(Bars(tick_imbalance_bars(IMBALANCE)).update(trades=trades))
    # Where each price moves to the taker's side, the tick rule finds that side.
    moved = trades.with_columns(
        price=500.0 + pl.col("side").cast(pl.Float64).cum_sum(),
        side=pl.when(pl.int_range(pl.len()) > 0)
        .then("side")
        .otherwise(0)
        .cast(pl.Int8),
    )
    told = Bars(tick_imbalance_bars(by_taker)).update(trades=moved)
    ruled = Bars(tick_imbalance_bars(IMBALANCE)).update(trades=moved)
    assert told.equals(ruled)
    assert told.height > 3
