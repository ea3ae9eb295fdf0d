"""Crossing of a level, from each pair of rows."""

from itertools import pairwise
from math import nan

import numpy as np


def expected(columns, x, level):
    def sign(old, new):
        if old <= level < new:
            return 1.0
        return -1.0 if old >= level > new else 0.0

    values = columns[x]
    pairs = pairwise(values)
    return {"value": np.array([nan, *(sign(old, new) for old, new in pairs)])}
