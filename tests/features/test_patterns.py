"""All candlestick patterns of TA-Lib, to the bit, on every kind of market."""

import numpy as np
import polars as pl
import pytest

from reference.candle_market import gridded, rare
from reference.market import random_columns
from reference.patterns import ALL, look_back, pattern
from tradeloop.features import Bank
from tradeloop.features.checks import Subject, run_history
from tradeloop.features.patterns.standard import standard

BANK = Bank(standard())
PRICES = ("open", "high", "low", "close")
MADE = {
    **{f"random {seed}": random_columns(seed, 20_000) for seed in (1, 2)},
    "flat": random_columns(3, 20_000, flat=0.5),
    "half ticks": random_columns(4, 20_000, flat=0.3, tick=0.5),
    **{f"grid of {n}": gridded(n, 40_000, n) for n in (1, 2, 3, 4, 6, 10)},
    "tenths": gridded(5, 40_000, 5, tick=0.1),
    "rare": rare(6, 150),
}
BULLISH_ONLY = {
    *("doji", "dragonfly_doji", "gravestone_doji", "long_legged_doji", "takuri"),
    *("rickshaw_man", "hammer", "inverted_hammer", "piercing", "homing_pigeon"),
    *("matching_low", "morning_star", "morning_doji_star", "three_white_soldiers"),
    *("three_stars_in_south", "unique_three_river", "stick_sandwich", "mat_hold"),
    *("ladder_bottom", "concealing_baby_swallow"),
}
BEARISH_ONLY = {
    *("hanging_man", "shooting_star", "dark_cloud_cover", "in_neck", "on_neck"),
    *("thrusting", "two_crows", "upside_gap_two_crows", "evening_star"),
    *("evening_doji_star", "three_black_crows", "identical_three_crows"),
    *("advance_block", "stalled_pattern"),
}


def found(columns):
    values = run_history(BANK, Subject(BANK).rows(columns))
    return dict(zip(BANK.names, values, strict=True))


def same_as_talib(columns):
    ours = found(columns)
    for name in ALL:
        np.testing.assert_array_equal(
            ours[f"pattern_{name}"], pattern(columns, name), err_msg=name
        )


def test_all_61_patterns_are_published_and_both_counts():
    wanted = {f"pattern_{name}" for name in (*ALL, "bullish", "bearish")}
    assert set(BANK.names) == wanted
    assert len(ALL) == 61


@pytest.mark.parametrize("market", MADE)
def test_every_pattern_is_that_of_talib_to_the_bit(market):
    same_as_talib(MADE[market])


@pytest.mark.parametrize("name", ALL)
def test_every_pattern_is_there_in_these_markets_with_each_of_its_signs(name):
    signs = {"bullish": 0, "bearish": 0}
    for columns in MADE.values():
        values = np.nan_to_num(pattern(columns, name))
        signs["bullish"] += (values > 0).sum()
        signs["bearish"] += (values < 0).sum()
    assert (signs["bullish"] >= 5) == (name not in BEARISH_ONLY)
    assert (signs["bearish"] >= 5) == (name not in BULLISH_ONLY)


@pytest.mark.parametrize("name", ALL)
def test_missing_for_as_many_rows_as_talib_looks_back(name):
    column = BANK.outputs[BANK.names.index(f"pattern_{name}")]
    values = found({key: MADE["flat"][key][:30] for key in PRICES})[column.name]
    assert column.warm_up == look_back(name)
    assert np.isnan(values).tolist() == [row < look_back(name) for row in range(30)]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("engulfing", {-100, -80, 0, 80, 100}),
        ("harami", {-100, -80, 0, 80, 100}),
        ("harami_cross", {-100, -80, 0, 80, 100}),
        ("hikkake", {-200, -100, 0, 100, 200}),
        ("modified_hikkake", {-200, -100, 0, 100, 200}),
    ],
)
def test_pattern_of_several_strengths_gives_each_of_them(name, values):
    seen = found(MADE["grid of 3"])[f"pattern_{name}"]
    assert set(seen[~np.isnan(seen)]) == values


def test_a_wild_price_is_forgotten_where_talib_stays_wrong():
    columns = {key: MADE["random 1"][key][:3_000].copy() for key in PRICES}
    columns["high"][100], columns["close"][100] = 2e17, 1e17
    fresh = {key: values[101:] for key, values in columns.items()}
    ours, wrong = found(columns), 0
    for name in ALL:
        right = pattern(fresh, name)[20:]
        np.testing.assert_array_equal(ours[f"pattern_{name}"][121:], right)
        wrong += (pattern(columns, name)[121:] != right).sum()
    assert wrong > 100


def bars(frame):
    frame = frame.sort("ts")
    return {name: frame[name].cast(float).to_numpy() for name in PRICES}


@pytest.mark.realdata
@pytest.mark.parametrize(
    "pair",
    ["AUDJPY", "AUDUSD", "EURGBP", "GBPUSD", "USDCAD", "USDCHF", "USDJPY"],
)
def test_patterns_of_currencies_are_those_of_talib(market_data, pair):
    frame = pl.read_parquet(market_data / "fx" / "bars_1h.parquet")
    same_as_talib(bars(frame.filter(pl.col("symbol") == pair)))


@pytest.mark.realdata
def test_patterns_of_bitcoin_are_those_of_talib(market_data):
    same_as_talib(bars(pl.read_parquet(market_data / "crypto" / "bars_4h.parquet")))


@pytest.mark.realdata
@pytest.mark.parametrize("symbol", ["SPY", "SP500", "NASDAQ_COMP"])
def test_patterns_of_indices_are_those_of_talib(market_data, symbol):
    frame = pl.read_parquet(market_data / "equity" / "bars_1d_index.parquet")
    same_as_talib(bars(frame.filter(pl.col("symbol") == symbol)))
