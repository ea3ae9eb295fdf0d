"""TA-Lib, pattern by pattern."""

from reference.patterns import THREE, family


def expected(columns):
    return family(columns, THREE)
