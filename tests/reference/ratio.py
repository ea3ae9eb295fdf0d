"""Ratio, row by row."""


def expected(columns, a, b, scale=1.0):
    return {"value": scale * columns[a] / columns[b]}
