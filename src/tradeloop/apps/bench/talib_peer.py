"""The native indicators in TA-Lib's terms, in Polars' and in ours.

Thirteen indicators that both sides have: SMA, EMA, RSI, MACD, ATR, ADX, Bollinger
bands, stochastic, Williams %R, CCI, OBV, MFI, highest and lowest price. TA-Lib takes 14
calls for them and gives 19 columns, as we do.
"""

from typing import Any

import numpy as np
import polars as pl

from tradeloop.features import Bank
from tradeloop.features.base import Column, Feature
from tradeloop.features.momentum.cci import cci
from tradeloop.features.momentum.rsi import rsi
from tradeloop.features.momentum.stochastic import stochastic
from tradeloop.features.momentum.williams_r import williams_r
from tradeloop.features.rolling.extremes import extremes
from tradeloop.features.rolling.moments import moments
from tradeloop.features.trend.adx import adx
from tradeloop.features.trend.ema import ema
from tradeloop.features.trend.macd import macd
from tradeloop.features.trend.sma import sma
from tradeloop.features.volatility.bollinger import bollinger
from tradeloop.features.volatility.true_range import atr
from tradeloop.features.volume.mfi import mfi
from tradeloop.features.volume.obv import obv
from tradeloop.fold import Float

Wanted = list[Feature | Column]
OHLCV = ("high", "low", "close", "volume")
SHARED = (0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14, 15, 16, 17, 18)
"""Columns that mean the same on both sides; the Bollinger bands are stated otherwise:
ours as place and width, TA-Lib's as two prices. Their middle, 8, is the same."""


def native_bank(*, with_cci: bool = True) -> Bank:
    """Make a bank of the thirteen indicators, in the order of `talib_columns`."""
    top = extremes(20)
    wanted: Wanted = [
        sma("close", 20),
        ema("close", 20),
        rsi(14),
        macd(12, 26, 9),
        atr(14),
        adx(14)["adx"],
        moments("close", 20)["mean"],
        bollinger(20),
        stochastic(14),
        williams_r(14),
        obv(),
        mfi(14),
        top["highest"],
        top["lowest"],
    ]
    return Bank([*wanted, *([cci(20)] if with_cci else [])])


def talib_columns(
    talib: Any, high: Float, low: Float, close: Float, volume: Float
) -> list[Float]:
    """All 19 columns; each array is new, float64 and contiguous, as TA-Lib likes it."""
    upper, middle, lower = talib.BBANDS(close, 20)
    return [
        talib.SMA(close, 20),
        talib.EMA(close, 20),
        talib.RSI(close, 14),
        *talib.MACD(close, 12, 26, 9),
        talib.ATR(high, low, close, 14),
        talib.ADX(high, low, close, 14),
        middle,
        upper,
        lower,
        *talib.STOCH(high, low, close, 14, 3, 0, 3, 0),
        talib.WILLR(high, low, close, 14),
        talib.OBV(close, volume),
        talib.MFI(high, low, close, volume, 14),
        talib.MAX(high, 20),
        talib.MIN(low, 20),
        talib.CCI(high, low, close, 20),
    ]


def agree(ours: Float, theirs: list[Float]) -> bool:
    """Whether the columns that both sides share are the same to 1e-8, NaN included."""
    for place in SHARED:
        left, right = ours[place], theirs[place]
        apart = np.abs(left - right) / np.maximum(1.0, np.abs(right))
        same_gaps = np.array_equal(np.isnan(left), np.isnan(right))
        if not same_gaps or np.nanmax(apart) > 1e-8:  # noqa: PLR2004
            return False
    return True


def polars_talib_expressions(plta: Any) -> list[pl.Expr]:
    """Write the thirteen indicators as expressions of polars-talib."""
    close, volume = pl.col("close"), pl.col("volume")
    bar = (pl.col("high"), pl.col("low"), close)
    found = {
        "sma": plta.sma(close, 20),
        "ema": plta.ema(close, 20),
        "rsi": plta.rsi(close, 14),
        "macd": plta.macd(close, 12, 26, 9),
        "atr": plta.atr(*bar, 14),
        "adx": plta.adx(*bar, 14),
        "bbands": plta.bbands(close, 20),
        "stoch": plta.stoch(*bar, 14, 3, 0, 3, 0),
        "willr": plta.willr(*bar, 14),
        "obv": plta.obv(close, volume),
        "mfi": plta.mfi(*bar, volume, 14),
        "max": plta.max(pl.col("high"), 20),
        "min": plta.min(pl.col("low"), 20),
        "cci": plta.cci(*bar, 20),
    }
    return [each.over("instrument").alias(name) for name, each in found.items()]


def polars_expressions() -> list[pl.Expr]:
    """Twelve indicators in plain Polars: all but CCI, which has no fast expression.

    Means start from the first value instead of a first average; the work is the same.
    """
    found = {**_trend_expressions(), **_range_expressions(), **_volume_expressions()}
    return [each.over("instrument").alias(name) for name, each in found.items()]


def _wilder(x: pl.Expr) -> pl.Expr:
    return x.ewm_mean(alpha=1 / 14, adjust=False)


def _trend_expressions() -> dict[str, pl.Expr]:
    close = pl.col("close")
    change = close.diff()
    gain, loss = _wilder(change.clip(lower_bound=0)), _wilder((-change).clip(0))
    line = close.ewm_mean(span=12, adjust=False) - close.ewm_mean(span=26, adjust=False)
    signal = line.ewm_mean(span=9, adjust=False)
    middle, spread = close.rolling_mean(20), close.rolling_std(20, ddof=0)
    return {
        "sma": close.rolling_mean(20),
        "ema": close.ewm_mean(span=20, adjust=False),
        "rsi": 100 * gain / (gain + loss),
        "macd_line": line,
        "macd_signal": signal,
        "macd_histogram": line - signal,
        "middle": middle,
        "percent_b": (close - middle + 2 * spread) / (4 * spread),
        "width": 4e4 * spread / middle,
    }


def _range_expressions() -> dict[str, pl.Expr]:
    high, low, close = pl.col("high"), pl.col("low"), pl.col("close")
    before = close.shift()
    true = pl.max_horizontal(high, before) - pl.min_horizontal(low, before)
    atr_14 = _wilder(true)
    up, down = high.diff(), -low.diff()
    plus = _wilder(pl.when((up > down) & (up > 0)).then(up).otherwise(0.0)) / atr_14
    minus = _wilder(pl.when((down > up) & (down > 0)).then(down).otherwise(0.0))
    minus /= atr_14
    top, bottom = high.rolling_max(14), low.rolling_min(14)
    k = (100 * (close - bottom) / (top - bottom)).rolling_mean(3)
    return {
        "atr": atr_14,
        "adx": _wilder(100 * (plus - minus).abs() / (plus + minus)),
        "k": k,
        "d": k.rolling_mean(3),
        "willr": -100 * (top - close) / (top - bottom),
        "max": high.rolling_max(20),
        "min": low.rolling_min(20),
    }


def _volume_expressions() -> dict[str, pl.Expr]:
    close, volume = pl.col("close"), pl.col("volume")
    price = (pl.col("high") + pl.col("low") + close) / 3
    flow, rise = price * volume, price.diff()
    up = pl.when(rise > 0).then(flow).otherwise(0.0).rolling_sum(14)
    down = pl.when(rise < 0).then(flow).otherwise(0.0).rolling_sum(14)
    return {
        "obv": (close.diff().sign().fill_null(1.0) * volume).cum_sum(),
        "mfi": 100 * up / (up + down),
    }
