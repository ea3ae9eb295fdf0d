"""Hour of a time in nanoseconds, whole numbers only."""

import numpy as np


def expected(columns, x="ns_of_day"):
    return {"value": np.array([float(int(v) // (3600 * 10**9)) for v in columns[x]])}
