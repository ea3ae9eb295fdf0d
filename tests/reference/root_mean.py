"""Root of the mean of each window."""

from math import sqrt

from reference.rolling import mean, rolled


def expected(columns, x, n):
    return {"value": rolled(n, lambda window: sqrt(mean(window)), columns[x])}
