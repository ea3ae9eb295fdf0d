"""On-balance volume: TA-Lib."""

import talib


def expected(columns):
    return {"value": talib.OBV(columns["close"], columns["volume"])}
