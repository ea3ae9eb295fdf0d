"""Nearest of the last confirmed swings on either side of the close."""

from math import nan

import numpy as np

from reference.swings import found_at


def expected(columns, k, m):
    close, high, low = (columns[name].tolist() for name in ("close", "high", "low"))
    tops, bottoms = found_at(high, k), found_at([-x for x in low], k)
    resistance, support = [nan] * (2 * k), [nan] * (2 * k)
    for row in range(2 * k, len(close)):
        above = [high[i] for i in [i for i in tops if i + k <= row][-m:]]
        below = [low[i] for i in [i for i in bottoms if i + k <= row][-m:]]
        nearest = min((x for x in above if x > close[row]), default=close[row])
        resistance.append(10_000 * (nearest / close[row] - 1))
        nearest = max((x for x in below if x < close[row]), default=close[row])
        support.append(10_000 * (nearest / close[row] - 1))
    return {"resistance_bps": np.array(resistance), "support_bps": np.array(support)}
