"""Above a constant, row by row."""

import numpy as np


def expected(columns, x, level):
    return {"value": np.array([float(value > level) for value in columns[x]])}
