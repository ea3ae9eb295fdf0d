"""Typical price: TA-Lib."""

import talib


def expected(columns):
    return {"value": talib.TYPPRICE(columns["high"], columns["low"], columns["close"])}
