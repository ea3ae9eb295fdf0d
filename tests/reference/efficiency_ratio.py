"""Way made over way walked, each window afresh."""

from itertools import pairwise

from reference.rolling import rolled


def expected(columns, n):
    def ratio(window):
        path = sum(abs(b - a) for a, b in pairwise(window))
        return abs(window[-1] - window[0]) / path

    return {"value": rolled(n + 1, ratio, columns["close"])}
