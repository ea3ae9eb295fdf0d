"""Least squares of each window: TA-Lib, squared correlation and residuals."""

from statistics import correlation

import numpy as np
import talib

from reference.rolling import rolled


def expected(columns, n):
    def error(window):
        places = np.arange(n)
        line = np.polyval(np.polyfit(places, window, 1), places)
        return np.sqrt(np.sum((np.array(window) - line) ** 2) / (n - 2))

    close = columns["close"]
    return {
        "slope": talib.LINEARREG_SLOPE(close, n),
        "r2": rolled(n, lambda window: correlation(range(n), window) ** 2, close),
        "end": talib.LINEARREG(close, n),
        "error": rolled(n, error, close),
    }
