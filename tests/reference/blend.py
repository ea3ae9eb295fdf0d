"""Weighted sum of columns."""

import numpy as np


def expected(columns, name, *terms):
    total = np.zeros(len(columns["close"]))
    for weight, column in terms:
        total = total + weight * columns[column]
    return {"value": total}
