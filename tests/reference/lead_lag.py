"""Every lag of every window, shortest lags first."""

from math import nan

import numpy as np


def at_lag(y, x, row, lag, n):
    """Correlation of n pairs that end in this row; above 0 x is the older one."""
    now = slice(row - n + 1, row + 1)
    then = slice(row - n + 1 - abs(lag), row + 1 - abs(lag))
    pair = (y[now], x[then]) if lag >= 0 else (y[then], x[now])
    return float(np.corrcoef(*pair)[0, 1])


def expected(columns, n, most, y, x):
    lags = [0] + [lag for k in range(1, most + 1) for lag in (k, -k)]
    found = []
    for row in range(len(columns[y])):
        if row < n + most - 1:
            found.append((nan, nan))
            continue
        values = [at_lag(columns[y], columns[x], row, lag, n) for lag in lags]
        best = max(range(len(lags)), key=lambda k: abs(values[k]))
        found.append((lags[best], values[best]))
    lag, correlation = np.array(found).T
    return {"lag": lag, "correlation": correlation}
