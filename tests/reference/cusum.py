"""Symmetric CUSUM filter: sums since the last event of their side."""

from math import nan

import numpy as np

from reference.rolling import log_returns, mean, rolled


def expected(columns, k, n, h_bps=0.0):
    change = log_returns(columns["close"])
    volatility = rolled(n, lambda r: mean([v**2 for v in r]) ** 0.5, change)
    found = {"up_bps": [], "down_bps": [], "event": []}
    up = down = 0.0
    for row in range(len(change)):
        if row <= n:
            up_now, down_now, event = nan, nan, nan
        else:
            limit = h_bps + k * volatility[row - 1]
            up_now, down_now = max(0.0, up + change[row]), min(0.0, down + change[row])
            event = 1.0 if up_now > limit else -1.0 if down_now < -limit else 0.0
            up = 0.0 if event > 0 else up_now
            down = 0.0 if event < 0 else down_now
        for name, value in zip(found, (up_now, down_now, event), strict=True):
            found[name].append(value)
    return {name: np.array(values) for name, values in found.items()}
