"""Spread of two bars, step by step as in the paper."""

from itertools import pairwise
from math import exp, log, nan, sqrt

import numpy as np

from reference.rolling import mean, rolled


def expected(columns, n):
    bars = list(zip(*(columns[k] for k in ("high", "low", "close")), strict=True))
    spreads, flags = [nan], [nan]
    for (high0, low0, close0), (high1, low1, _) in pairwise(bars):
        high, low = high1, low1
        if low1 > close0:
            high, low = high1 - (low1 - close0), close0
        if high1 < close0:
            high, low = close0, low1 + (close0 - high1)
        beta = log(high0 / low0) ** 2 + log(high / low) ** 2
        gamma = log(max(high0, high) / min(low0, low)) ** 2
        scale = 3 - 2 * sqrt(2)
        alpha = (sqrt(2 * beta) - sqrt(beta)) / scale - sqrt(gamma / scale)
        spread = 2 * (exp(alpha) - 1) / (1 + exp(alpha))
        spreads.append(10_000 * max(spread, 0))
        flags.append(float(spread < 0))
    return {
        "spread_bps": rolled(n, mean, np.array(spreads)),
        "negative_share": rolled(n, mean, np.array(flags)),
    }
