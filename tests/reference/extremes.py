"""Highest and lowest: the largest and smallest of each window."""

from reference.rolling import rolled


def expected(columns, n, high="high", low="low"):
    return {
        "highest": rolled(n, max, columns[high]),
        "lowest": rolled(n, min, columns[low]),
    }
