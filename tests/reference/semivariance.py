"""Squares of rises and of falls, each window afresh."""

from math import sqrt

from reference.rolling import log_returns, rolled


def expected(columns, n):
    def rises(values):
        return sum(v**2 for v in values if v > 0)

    def falls(values):
        return sum(v**2 for v in values if v < 0)

    def balance(values):
        return (rises(values) - falls(values)) / sum(v**2 for v in values)

    change = log_returns(columns["close"])
    return {
        "up_bps": rolled(n, lambda values: sqrt(rises(values) / n), change),
        "down_bps": rolled(n, lambda values: sqrt(falls(values) / n), change),
        "balance": rolled(n, balance, change),
    }
