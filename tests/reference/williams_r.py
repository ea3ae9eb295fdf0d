"""Williams %R: TA-Lib."""

import talib


def expected(columns, n):
    found = talib.WILLR(columns["high"], columns["low"], columns["close"], n)
    return {"value": found}
