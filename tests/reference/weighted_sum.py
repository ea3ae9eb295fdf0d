"""Weighted sum, column by column."""


def expected(columns, a, b, weights, constant=0.0):
    return {"value": weights[0] * columns[a] + weights[1] * columns[b] + constant}
