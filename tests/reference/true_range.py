"""True range: TA-Lib."""

import talib


def expected(columns):
    return {"value": talib.TRANGE(columns["high"], columns["low"], columns["close"])}
