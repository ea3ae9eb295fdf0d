"""Directional movement: TA-Lib with a period of 1."""

import talib


def expected(columns):
    high, low = columns["high"], columns["low"]
    return {"plus": talib.PLUS_DM(high, low, 1), "minus": talib.MINUS_DM(high, low, 1)}
