"""Natural logarithm: TA-Lib."""

import talib


def expected(columns, x):
    return {"value": talib.LN(columns[x])}
