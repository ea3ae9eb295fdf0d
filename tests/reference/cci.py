"""Commodity channel index: TA-Lib."""

import talib


def expected(columns, n):
    found = talib.CCI(columns["high"], columns["low"], columns["close"], n)
    return {"value": found}
