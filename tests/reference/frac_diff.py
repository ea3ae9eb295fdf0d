"""Fractional difference: weights as binomial coefficients, each window afresh."""

from math import prod

from reference.rolling import rolled


def expected(columns, x, d, cutoff):
    weights = []
    for k in range(2000):
        weight = (-1) ** k * prod((d - i) / (i + 1) for i in range(k))
        if abs(weight) < cutoff:
            break
        weights.append(weight)

    def difference(values):
        return sum(w * v for w, v in zip(weights, values[::-1], strict=True))

    return {"value": rolled(len(weights), difference, columns[x])}
