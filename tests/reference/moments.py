"""Mean and standard deviation of each window."""

from statistics import pstdev

from reference.rolling import mean, rolled


def expected(columns, x, n):
    return {
        "mean": rolled(n, mean, columns[x]),
        "std": rolled(n, pstdev, columns[x]),
    }
