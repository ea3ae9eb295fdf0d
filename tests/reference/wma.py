"""Linearly weighted mean: TA-Lib."""

import talib


def expected(columns, x, n):
    return {"value": talib.WMA(columns[x], n)}
