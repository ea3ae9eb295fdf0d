"""Sortino's ratio of each window."""

from math import sqrt

from reference.rolling import log_returns, mean, rolled


def expected(columns, n, x="", target=0.0):
    values = columns[x] if x else log_returns(columns["close"])

    def deviation(window):
        return sqrt(mean([min(v - target, 0.0) ** 2 for v in window]))

    def sortino(window):
        below = deviation(window)
        return (mean(window) - target) / below if below else 0.0

    return {
        "deviation": rolled(n, deviation, values),
        "sortino": rolled(n, sortino, values),
    }
