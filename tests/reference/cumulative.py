"""Sum since the first row, rounded once."""

from math import fsum

import numpy as np


def expected(columns, x):
    values = columns[x]
    return {"value": np.array([fsum(values[: k + 1]) for k in range(len(values))])}
