"""Every pair of rows of every window."""

from itertools import combinations_with_replacement

from reference.rolling import rolled


def expected(columns, n, x="close"):
    def deepest(window):
        pairs = combinations_with_replacement(window, 2)
        return max(10_000 * (1 - late / early) for early, late in pairs)

    return {
        "depth_bps": rolled(n, lambda w: 10_000 * (1 - w[-1] / max(w)), columns[x]),
        "deepest_bps": rolled(n, deepest, columns[x]),
        "rows": rolled(n, lambda w: w[::-1].index(max(w)), columns[x]),
    }
