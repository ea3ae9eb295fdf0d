"""Rows back to the latest largest and smallest value of each window."""

from reference.rolling import rolled


def expected(columns, n):
    def since(values):
        return float(values[::-1].index(max(values)))

    return {
        "high": rolled(n, since, columns["high"]),
        "low": rolled(n, since, -columns["low"]),
    }
