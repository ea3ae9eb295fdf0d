"""Roll's spread from the covariance of changes, as he writes it."""

from math import nan, sqrt

import numpy as np

from reference.rolling import mean, rolled


def expected(columns, n, x="close"):
    moves = np.diff(columns[x], prepend=nan)
    before = np.concatenate([[nan], moves[:-1]])

    def covariance(now, past):
        far = zip(now, past, strict=True)
        found = mean([(a - mean(now)) * (b - mean(past)) for a, b in far])
        # Beside these squares it is only rounding.
        square = mean([a * a + b * b for a, b in zip(now, past, strict=True)])
        return 0.0 if abs(found) <= 1e-12 * square else found

    found = rolled(n, covariance, moves, before)
    spread = [2 * sqrt(-value) if value <= 0 else nan for value in found]
    defined = [nan if value != value else float(value <= 0) for value in found]
    return {"spread": np.array(spread), "is_defined": np.array(defined)}
