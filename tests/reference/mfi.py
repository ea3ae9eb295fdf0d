"""Money flow index: TA-Lib."""

import talib


def expected(columns, n):
    bars = columns["high"], columns["low"], columns["close"], columns["volume"]
    return {"value": talib.MFI(*bars, n)}
