"""Exponential mean: TA-Lib."""

import talib


def expected(columns, x, n):
    return {"value": talib.EMA(columns[x], n)}
