"""Root mean square of log returns."""

from math import sqrt

from reference.rolling import log_returns, mean, rolled


def expected(columns, n):
    def root(window):
        return sqrt(mean([value * value for value in window]))

    return {"value": rolled(n, root, log_returns(columns["close"]))}
