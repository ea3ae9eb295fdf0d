"""Hurst exponents by NumPy's regression, each window afresh."""

from math import gamma, pi, sqrt

import numpy as np

from reference.rolling import rolled


def expected(columns, n):
    logs = np.log(columns["close"])
    return {
        "variance_of_lags": rolled(n + 1, by_lags, logs),
        "rescaled_range": rolled(n + 1, lambda x: by_range(x, lambda _: 0.0), logs),
        "rescaled_range_corrected": rolled(n + 1, lambda x: by_range(x, excess), logs),
    }


def by_lags(values):
    values, n = np.array(values), len(values) - 1
    lags = [lag for lag in (1, 2, 4, 8, 16) if lag <= n / 4]
    spreads = []
    for lag in lags:
        change = values[lag:] - values[:-lag] - lag * (values[-1] - values[0]) / n
        free = (n - lag + 1) * (1 - lag / n)
        spreads.append(np.sum(change**2) / free)
    return np.polyfit(np.log(lags), np.log(spreads), 1)[0] / 2


def by_range(values, correct):
    returns = np.diff(values)
    sizes = [len(returns) // 2**j for j in range(6) if len(returns) // 2**j >= 8]
    means = []
    for j, size in enumerate(sizes):
        last = returns[len(returns) - size * 2**j :]
        ranges = []
        for chunk in last.reshape(2**j, size):
            path = np.cumsum(chunk - chunk.mean())
            ranges.append((path.max() - path.min()) / chunk.std())
        means.append(np.mean(ranges) + correct(size))
    return np.polyfit(np.log10(sizes), np.log10(means), 1)[0]


def excess(n):
    """What the limit for white noise has above its expectation for n values."""
    roots = sum(sqrt((n - i) / i) for i in range(1, n))
    expectation = gamma((n - 1) / 2) / (sqrt(pi) * gamma(n / 2)) * roots
    return sqrt(pi * n / 2) - expectation
