"""Implied volatility and variance of a year less those that bars showed."""


def expected(columns, implied, realised, rows_per_year):
    implied = columns[implied]
    variance = (columns[realised] / 10_000) ** 2 * rows_per_year
    return {"volatility": implied - variance**0.5, "variance": implied**2 - variance}
