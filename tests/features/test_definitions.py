"""Values that follow from a definition, where TA-Lib has no one column for it."""

import numpy as np
import polars as pl
import pytest
import talib

from reference.market import random_columns
from tradeloop.features import Bank, default_bank
from tradeloop.features.checks import Subject, run_history
from tradeloop.features.momentum.cci import cci
from tradeloop.features.momentum.rsi import rsi
from tradeloop.features.momentum.williams_r import williams_r
from tradeloop.features.trend.adx import adx
from tradeloop.features.trend.linear_regression import linear_regression
from tradeloop.features.trend.macd import macd
from tradeloop.features.volatility.bollinger import bollinger
from tradeloop.features.volatility.true_range import atr
from tradeloop.features.volume.mfi import mfi

COLUMNS = random_columns(11, 500)
BARS = COLUMNS["high"], COLUMNS["low"], COLUMNS["close"]
DAY_NS = 86_400_000_000_000
BANK = default_bank(DAY_NS, has_quotes=True)


def values(bank, columns):
    found = run_history(bank, Subject(bank).rows(columns))
    return dict(zip(bank.names, found, strict=True))


DEFAULT = values(BANK, COLUMNS)


def test_atr_is_that_of_talib():
    found = values(Bank([atr(14)]), COLUMNS)["wilder_14_true_range"]
    np.testing.assert_allclose(found, talib.ATR(*BARS, 14), rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("natr_14_bps", 100 * talib.NATR(*BARS, 14)),
        ("macd_12_26_9_line_bps", 1e4 * talib.MACD(BARS[2])[0] / BARS[2]),
        ("macd_12_26_9_histogram_bps", 1e4 * talib.MACD(BARS[2])[2] / BARS[2]),
        ("close_to_sma_50_bps", 1e4 * (BARS[2] / talib.SMA(BARS[2], 50) - 1)),
        ("close_to_ema_20_bps", 1e4 * (BARS[2] / talib.EMA(BARS[2], 20) - 1)),
        ("drawdown_60_bps", 1e4 * (BARS[2] / talib.MAX(BARS[0], 60) - 1)),
        ("rebound_60_bps", 1e4 * (BARS[2] / talib.MIN(BARS[1], 60) - 1)),
        (
            "linear_regression_20_slope_bps",
            1e4 * talib.LINEARREG_SLOPE(BARS[2], 20) / BARS[2],
        ),
        ("log_return_5_bps", 1e4 * np.log1p(talib.ROCP(BARS[2], 5))),
        (
            "relative_volume_20",
            COLUMNS["volume"] / talib.SMA(COLUMNS["volume"], 20),
        ),
    ],
)
def test_composed_column_is_what_talib_gives_scaled(name, wanted):
    np.testing.assert_allclose(DEFAULT[name], wanted, rtol=1e-9, atol=1e-9)


def test_gap_is_the_open_against_the_close_before():
    wanted = 1e4 * (COLUMNS["open"][1:] / COLUMNS["close"][:-1] - 1)
    np.testing.assert_allclose(DEFAULT["gap_bps"][1:], wanted, rtol=1e-9, atol=1e-9)


def test_autocorrelation_is_the_correlation_of_pairs():
    returns = np.diff(np.log(COLUMNS["close"]))
    wanted = np.corrcoef(returns[-60:], returns[-61:-1])[0, 1]
    found = DEFAULT["autocorrelation_60_1_log_return_1_bps"][-1]
    assert found == pytest.approx(wanted, rel=1e-9)


def test_volatility_ratio_is_short_over_long():
    short, long = (DEFAULT[f"realised_volatility_{n}_bps"] for n in (10, 60))
    np.testing.assert_allclose(DEFAULT["volatility_ratio_10_60"], short / long)


def test_donchian_leaves_the_channel_exactly_where_the_close_passes_it():
    high, close = COLUMNS["high"], COLUMNS["close"]
    prior = np.concatenate([[np.nan], talib.MAX(high, 20)[:-1]])
    np.testing.assert_array_equal(DEFAULT["donchian_20"] > 1.0, close > prior)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("rsi_14", 50.0),
        ("stochastic_14_3_3_k", 50.0),
        ("williams_r_14", -50.0),
        ("cci_20", 0.0),
        ("adx_14_adx", 0.0),
        ("bollinger_20_percent_b", 0.5),
        ("donchian_20", 0.5),
        ("range_position", 0.5),
        ("mfi_14", 50.0),
        ("realised_volatility_20_bps", 0.0),
        ("volatility_ratio_10_60", 0.0),
        ("efficiency_ratio_20", 0.0),
        ("linear_regression_20_r2", 0.0),
        ("skew_60_log_return_1_bps", 0.0),
        ("volatility_percentile_250", 0.5),
    ],
)
def test_market_that_does_not_move_gives_the_neutral_value(name, wanted):
    flat = {key: np.full(120, 7.3) for key in COLUMNS}
    assert values(BANK, flat)[name][-1] == pytest.approx(wanted, abs=1e-9)


def test_values_do_not_drift_over_a_long_history_with_a_far_anchor():
    random = np.random.default_rng(3)
    close = 1e5 + np.cumsum(random.normal(0, 1e-3, 200_000))
    tail = {"close": close[-400:]}
    bank = Bank([column for column in BANK.outputs if "bollinger" in column.name])
    whole = values(bank, {"close": close})["bollinger_20_percent_b"][-300:]
    again = values(bank, tail)["bollinger_20_percent_b"][-300:]
    np.testing.assert_allclose(whole, again, rtol=1e-6, atol=1e-6)


SPY = {
    "rsi_14": ("rsi", "rsi"),
    "cci_20": ("cci", "cci"),
    "mfi_14": ("mfi", "mfi"),
    "williams_r_14": ("willr", "williamsR"),
    "bollinger_20_percent_b": ("bb", "percentB"),
    "linear_regression_14_slope": ("slope", "slope"),
    "linear_regression_14_r2": ("slope", "rSquared"),
    "adx_14_adx": ("adx", "adx"),
    "adx_14_plus_di": ("adx", "pdi"),
    "macd_12_26_9_line": ("macd", "macd"),
    "macd_12_26_9_signal": ("macd", "signal"),
}
SEEDED = ("adx", "macd")  # the other library starts these means in another row


@pytest.mark.realdata
def test_indicators_of_spy_are_those_that_another_library_published(market_data):
    published = pl.read_parquet(market_data / "reference" / "indicators_spy.parquet")
    bars = pl.read_parquet(market_data / "equity" / "bars_1d_index.parquet")
    bars = bars.filter(pl.col("symbol") == "SPY").sort("ts")
    momentum = (rsi(14), cci(20), mfi(14), williams_r(14), bollinger(20))
    bank = Bank([*momentum, linear_regression(14), adx(14), macd(12, 26, 9)])
    columns = {name: bars[name].cast(float).to_numpy() for name in bank.inputs}
    found = values(bank, columns)
    for column, (indicator, field) in SPY.items():
        mine = (pl.col("indicator") == indicator) & (pl.col("field") == field)
        rows = published.filter(mine & pl.col("value").is_not_null()).sort("row")
        rows = rows.tail(100 if indicator in SEEDED else rows.height)
        assert rows.height >= 100
        at = rows["row"].to_numpy()
        np.testing.assert_allclose(found[column][at], rows["value"], rtol=1e-9)
