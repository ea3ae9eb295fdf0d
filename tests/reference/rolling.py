"""Windows the slow way: every window is looked at afresh."""

from math import nan

import numpy as np


def rolled(n, function, *series):
    """``function(list, ...)`` of the last n values of each series; NaN before."""
    found = []
    for row in range(len(series[0])):
        windows = [[float(v) for v in s[max(0, row - n + 1) : row + 1]] for s in series]
        short = row < n - 1 or any(v != v for window in windows for v in window)
        found.append(nan if short else function(*windows))
    return np.array(found)


def log_returns(close, n=1):
    """Log returns over n rows in bps."""
    ratios = [close[row] / close[row - n] for row in range(n, len(close))]
    return np.array([nan] * n + [10_000 * float(np.log(ratio)) for ratio in ratios])


def mean(values):
    return sum(values) / len(values)
