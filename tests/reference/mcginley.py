"""McGinley dynamic, row by row."""

from math import nan

import numpy as np


def expected(columns, n):
    close = columns["close"].tolist()
    mean, found = close[0], [nan]
    for price in close[1:]:
        slow = 0.6 * n * (price / mean) ** 4
        mean = mean + (price - mean) / slow if slow >= 1 else price
        found.append(mean)
    return {"value": np.array(found)}
