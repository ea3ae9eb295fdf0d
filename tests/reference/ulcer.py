"""Ulcer index: in each window, every row against the high so far."""

from math import sqrt

from reference.rolling import mean, rolled


def expected(columns, n=14, x="close"):
    def index(values):
        highs = [max(values[: i + 1]) for i in range(n)]
        falls = [100 * (v / h - 1) for v, h in zip(values, highs, strict=True)]
        return sqrt(mean([fall**2 for fall in falls]))

    return {"value": rolled(n, index, columns[x])}
