"""TA-Lib, pattern by pattern."""

from reference.patterns import MORE, family


def expected(columns):
    return family(columns, MORE)
