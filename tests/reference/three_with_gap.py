"""TA-Lib, pattern by pattern."""

from reference.patterns import GAP, family


def expected(columns):
    return family(columns, GAP)
