"""Directional index and indicators: TA-Lib."""

import talib


def expected(columns, n):
    bars = columns["high"], columns["low"], columns["close"]
    return {
        "adx": talib.ADX(*bars, n),
        "plus_di": talib.PLUS_DI(*bars, n),
        "minus_di": talib.MINUS_DI(*bars, n),
    }
