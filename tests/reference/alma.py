"""Bell-weighted mean, each window afresh."""

from math import exp

from reference.rolling import rolled


def expected(columns, x, n, offset=0.85, sigma=6.0):
    weights = [
        exp(-((k - offset * (n - 1)) ** 2) / (2 * (n / sigma) ** 2)) for k in range(n)
    ]

    def weighed(window):
        pairs = zip(weights, window, strict=True)
        return sum(w * value for w, value in pairs) / sum(weights)

    return {"value": rolled(n, weighed, columns[x])}
