"""Simple mean: TA-Lib."""

import talib


def expected(columns, x, n):
    if n == 1:  # TA-Lib starts at 2
        return {"value": columns[x]}
    return {"value": talib.SMA(columns[x], n)}
