"""Sorted windows: NumPy's quantile and the mean of the worst part."""

import numpy as np

from reference.rolling import log_returns, rolled


def tail_mean(window, share):
    """Mean of the worst share, each row cut into 100 equal parts."""
    parts = [value for value in sorted(window) for _ in range(100)]
    return sum(parts[: round(100 * share * len(window))]) / (100 * share * len(window))


def expected(columns, n, x=""):
    values = columns[x] if x else log_returns(columns["close"])
    found = {}
    for level, share in ((95, 0.05), (99, 0.01)):

        def quantile(window, share=share):
            return -float(np.quantile(window, share))

        def beyond(window, share=share):
            return -tail_mean(window, share)

        found[f"var_{level}"] = rolled(n, quantile, values)
        found[f"es_{level}"] = rolled(n, beyond, values)
    return found
