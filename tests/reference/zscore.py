"""Z-score of the last value of each window."""

from statistics import pstdev

from reference.rolling import mean, rolled


def expected(columns, x, n):
    def score(window):
        return (window[-1] - mean(window)) / pstdev(window)

    return {"value": rolled(n, score, columns[x])}
