"""Measures of the regime from TA-Lib and windows looked at afresh."""

from math import log, sqrt

import numpy as np
import talib

from reference.rolling import log_returns, mean, rolled


def volatility(close, n):
    return rolled(n, lambda w: sqrt(mean([v * v for v in w])), log_returns(close))


def expected(columns, short=20, long=250):
    high, low, close = (columns[name] for name in ("high", "low", "close"))
    near, far = volatility(close, short), volatility(close, long)
    plus, minus = (
        talib.PLUS_DI(high, low, close, 14),
        talib.MINUS_DI(high, low, close, 14),
    )
    trend = talib.ADX(high, low, close, 14) / 25 * (plus - minus) / (plus + minus)
    fall = 10_000 * (close / talib.MAX(high, 60) - 1)
    found = {
        "drift": log_returns(close, short) / (far * sqrt(short)),
        "volatility": np.array([log(a / b) for a, b in zip(near, far, strict=True)]),
        "drawdown": fall / (far * sqrt(60)),
        "trend": trend,
    }
    known = ~np.isnan(sum(found.values()))
    return {name: np.where(known, values, np.nan) for name, values in found.items()}
