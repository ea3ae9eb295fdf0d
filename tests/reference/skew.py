"""Skewness of each window."""

from reference.rolling import mean, rolled


def expected(columns, x, n):
    def skewness(window):
        centre = [value - mean(window) for value in window]
        second, third = (mean([c**k for c in centre]) for k in (2, 3))
        return third / second**1.5

    return {"value": rolled(n, skewness, columns[x])}
