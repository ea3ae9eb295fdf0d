"""Pearson correlation of each window."""

import statistics

from reference.rolling import rolled


def expected(columns, x, y, n):
    return {"value": rolled(n, statistics.correlation, columns[x], columns[y])}
