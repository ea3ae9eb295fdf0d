"""Stochastic oscillator: TA-Lib."""

import talib


def expected(columns, n, k, d):
    k, d = talib.STOCH(columns["high"], columns["low"], columns["close"], n, k, 0, d, 0)
    return {"k": k, "d": d}
