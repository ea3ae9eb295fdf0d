"""Negative and positive volume index: TA-Lib."""

import talib


def expected(columns):
    given = columns["close"], columns["volume"]
    return {"negative": talib.NVI(*given), "positive": talib.PVI(*given)}
