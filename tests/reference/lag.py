"""Lag: the value n places before."""

import numpy as np


def expected(columns, x, n):
    return {"value": np.concatenate([[np.nan] * n, columns[x][:-n]])}
