"""TA-Lib, pattern by pattern."""

from reference.patterns import TWO, family


def expected(columns):
    return family(columns, TWO)
