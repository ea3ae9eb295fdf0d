"""Count the patterns of all families, one by one."""

from reference.patterns import ALL, family


def expected(columns, kind):
    return {"value": family(columns, ALL)[kind]}
