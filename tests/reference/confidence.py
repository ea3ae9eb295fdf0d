"""Confidence of a strategy, counted afresh for every decision."""


def confidence(sides, closes, row, hold, prior=(10.0, 10.0)):
    """Shrunk share of decisions that had matured by ``row`` and made money."""
    matured = [k for k in range(row - hold + 1) if sides[k]]
    won = [k for k in matured if sides[k] * (closes[k + hold] - closes[k]) > 0]
    return (prior[0] + len(won)) / (sum(prior) + len(matured))
