"""Volume force: the run of the trend is added up afresh for every row."""

from itertools import pairwise
from math import nan

import numpy as np


def expected(columns):
    basis = columns["high"] + columns["low"] + columns["close"]
    span = columns["high"] - columns["low"]
    trend = [0] + [1 if new > old else -1 for old, new in pairwise(basis)]
    found = [nan, nan]
    for row in range(2, len(basis)):
        start = row
        while start > 2 and trend[start - 1] == trend[row]:
            start -= 1
        run = sum(span[start : row + 1])
        run += 0 if trend[start - 1] == trend[row] else span[start - 1]
        force = 2 * (span[row] / run - 1) if run else 0.0
        found.append(100 * columns["volume"][row] * trend[row] * abs(force))
    return {"value": np.array(found)}
