"""RiskMetrics: the weights written out for every row."""

from math import nan, sqrt

import numpy as np

from reference.rolling import log_returns, mean


def expected(columns, keep, n):
    squares = (log_returns(columns["close"])[1:] ** 2).tolist()
    found = [nan] * n
    for row in range(n - 1, len(squares)):
        later = squares[n : row + 1]
        ages = range(len(later) - 1, -1, -1)
        fresh = sum((1 - keep) * keep**a * s for a, s in zip(ages, later, strict=True))
        found.append(sqrt(keep ** len(later) * mean(squares[:n]) + fresh))
    return {"value": np.array(found)}
