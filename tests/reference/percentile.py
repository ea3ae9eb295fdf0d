"""Mid-rank of the last value among up to n."""

from math import nan

import numpy as np


def expected(columns, x, n, least):
    values, found = columns[x].tolist(), []
    for row, value in enumerate(values):
        window = values[max(0, row - n + 1) : row + 1]
        rank = sum(v < value for v in window) + window.count(value) / 2
        found.append(rank / len(window) if len(window) >= least else nan)
    return {"value": np.array(found)}
