"""Bands about a middle line, row by row."""

import numpy as np


def expected(columns, x, middle, spread, k):
    value, line = columns[x], columns[middle]
    upper, lower = line + k * columns[spread], line - k * columns[spread]
    return {
        "upper": upper,
        "middle": line,
        "lower": lower,
        "position": (value - lower) / (upper - lower),
        "width_bps": 10_000 * np.abs(upper - lower) / line,
    }
