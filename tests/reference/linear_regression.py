"""Least squares of each window: TA-Lib slope, squared correlation with time."""

from statistics import correlation

import talib

from reference.rolling import rolled


def expected(columns, n):
    close = columns["close"]
    fit = rolled(n, lambda window: correlation(range(n), window) ** 2, close)
    return {"slope": talib.LINEARREG_SLOPE(close, n), "r2": fit}
