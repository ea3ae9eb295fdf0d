"""Distance in basis points, row by row."""


def expected(columns, x, base):
    return {"value": 10_000 * (columns[x] / columns[base] - 1)}
