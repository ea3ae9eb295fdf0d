"""TA-Lib, pattern by pattern."""

from reference.patterns import ONE, family


def expected(columns):
    return family(columns, ONE)
