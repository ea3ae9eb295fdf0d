"""Way walked, each window afresh."""

from itertools import pairwise

from reference.rolling import rolled


def expected(columns, x, n):
    def walked(window):
        return sum(abs(after - before) for before, after in pairwise(window))

    return {"value": rolled(n + 1, walked, columns[x])}
