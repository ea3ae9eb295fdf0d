"""Loss of a normal variable with the mean and deviation of each window."""

import statistics

import numpy as np

from reference.rolling import log_returns, mean, rolled


def expected(columns, n, x=""):
    values = columns[x] if x else log_returns(columns["close"])
    found = {}
    for level in (0.95, 0.99):
        # the tail beyond a level, cut into many small parts of equal weight
        tail = [1 - (1 - level) * (k + 0.5) / 200_000 for k in range(200_000)]
        point = statistics.NormalDist().inv_cdf(level)
        beyond = float(np.mean([statistics.NormalDist().inv_cdf(p) for p in tail]))
        # what is cut off at the far end of the sum is the integral's own error
        exact = statistics.NormalDist().pdf(point) / (1 - level)
        assert abs(beyond - exact) < 1e-4
        for name, away in ((f"var_{level:.0%}", point), (f"es_{level:.0%}", exact)):

            def loss(window, away=away):
                return away * statistics.pstdev(window) - mean(window)

            found[name.rstrip("%")] = rolled(n, loss, values)
    return found
