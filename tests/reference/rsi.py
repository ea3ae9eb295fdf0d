"""Relative strength index: TA-Lib."""

import talib


def expected(columns, n):
    return {"value": talib.RSI(columns["close"], n)}
