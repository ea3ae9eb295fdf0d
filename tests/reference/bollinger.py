"""Bollinger bands: TA-Lib."""

import talib


def expected(columns, n, k=2.0):
    close = columns["close"]
    upper, middle, lower = talib.BBANDS(close, n, k, k)
    return {
        "percent_b": (close - lower) / (upper - lower),
        "width_bps": 10_000 * (upper - lower) / middle,
    }
