"""Bars of recorded ticks: no trade is lost, and two sources make the same market."""

from math import fsum

import numpy as np
import polars as pl
import pytest

from tradeloop.capture.bars import bars_from_ticks
from tradeloop.capture.bars_live import Bars
from tradeloop.capture.bars_rules import (
    Feed,
    Imbalance,
    dollar_bars,
    tick_bars,
    tick_imbalance_bars,
    time_bars,
    volume_bars,
)
from tradeloop.clock import NS_PER_MINUTE
from tradeloop.events import QUOTE, TRADE

pytestmark = pytest.mark.realdata

RULES = {
    "1m": time_bars("1m"),
    "100 ticks": tick_bars(100),
    "5 coins": volume_bars(5.0),
    "a million dollars": dollar_bars(1e6),
    "imbalance": tick_imbalance_bars(
        Imbalance(50.0, 0.5, 20.0, 2_000.0, 10.0, 500.0, least_balance=0.2)
    ),
}


@pytest.fixture(scope="module")
def trades(market_data):
    frame = pl.read_parquet(market_data / "crypto" / "trades.parquet")
    return TRADE.conform(
        frame.select(
            instrument=pl.concat_str("symbol", pl.lit("."), "venue"),
            event_ns=pl.col("ts").cast(pl.Int64),
            received_ns=pl.col("ts").cast(pl.Int64),
            price="price",
            size="size",
            side=pl.when(pl.col("aggressor") == "buy").then(1).otherwise(-1),
            trade_id=pl.col("trade_id").cast(pl.String),
        )
    )


@pytest.mark.parametrize("rule", RULES)
def test_69_808_trades_are_in_the_bars_of_every_kind_once(rule, trades):
    bars = Bars(RULES[rule])
    parts = [bars.update(trades=part) for part in trades.partition_by("instrument")]
    every = pl.concat([*parts, bars.unfinished()])
    assert every["n_trades"].sum() == trades.height == 69_808
    for (name,), own in every.group_by("instrument"):
        sizes = trades.filter(pl.col("instrument") == name)["size"]
        bound = np.spacing(own["volume"].to_numpy()).sum()
        assert abs(fsum(own["volume"]) - fsum(sizes)) <= bound


@pytest.mark.parametrize("rule", RULES)
def test_live_bars_of_a_real_feed_equal_history_to_the_bit(rule, trades):
    own = trades.filter(pl.col("instrument") == "ETHUSDT.BINANCE_SPOT")[:4_000]
    history, live = Bars(RULES[rule]), Bars(RULES[rule])
    expected = history.update(trades=own)
    names = ("instrument", "event_ns", "received_ns", "price", "size", "side")
    found = [
        live.trade(name, (event_ns, received_ns), price, size, side)
        for name, event_ns, received_ns, price, size, side in own.select(names).rows()
    ]
    rows = [bar for bar in found if bar is not None]
    assert pl.DataFrame(rows, schema=expected.schema).equals(expected)
    assert live.unfinished().equals(history.unfinished())


def test_a_coin_traded_on_two_venues_has_one_minute(trades):
    spot, future = (
        Bars(time_bars("1s")).update(
            trades=trades.filter(pl.col("instrument") == f"BTCUSDT.BINANCE_{venue}")
        )
        for venue in ("SPOT", "USDM")
    )
    both = spot.join(future, on="open_ns", suffix="_future")
    moves = both.select(pl.col("close", "close_future").log().diff(5)).drop_nulls()
    assert moves.select(pl.corr("close", "close_future")).item() > 0.6


def test_minute_bars_of_oanda_and_fxcm_tell_the_same_returns(market_data):
    def minutes(file):
        frame = pl.read_parquet(market_data / "fx" / file).sort(
            "ts", maintain_order=True
        )
        at = pl.col("ts").cast(pl.Int64)
        told = frame.select("bid", "ask", instrument=pl.lit(file), event_ns=at)
        quotes = QUOTE.conform(told.with_columns(received_ns=pl.col("event_ns")))
        bars = Bars(time_bars("1m"), Feed("mid", volume=False, sides=False))
        closed = pl.concat([bars.update(quotes), bars.unfinished()])
        assert closed["n_quotes"].sum() == quotes.height
        assert closed["volume"].null_count() == closed.height
        built = bars_from_ticks(quotes, TRADE.empty(), interval_ns=NS_PER_MINUTE)
        assert built.equals(closed.select(built.columns))
        return closed

    names = ("ticks_oanda_eurusd.parquet", "ticks_fxcm_eurusd.parquet")
    one, two = map(minutes, names)
    both = one.join(two, on="open_ns", suffix="_two").sort("open_ns")
    moves = both.select(pl.col("close", "close_two").log().diff()).drop_nulls()
    # The figure of the data's own notes.
    assert round(moves.select(pl.corr("close", "close_two")).item(), 3) >= 0.99
