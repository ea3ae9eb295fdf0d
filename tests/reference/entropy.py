"""Entropy of the tuples of a window: rises spelt out, ranks by sorting."""

from collections import Counter
from math import log

import numpy as np

from reference.rolling import rolled


def expected(columns, n, output):
    values = columns["close"]
    words = output == "word"
    size, possible = (4, 8) if words else (3, 6)

    def symbol(part):
        return tuple(np.diff(part) > 0) if words else tuple(np.argsort(part))

    def entropy(window):
        parts = [symbol(window[i : i + size]) for i in range(n)]
        shares = [count / n for count in Counter(parts).values()]
        return -sum(p * log(p) for p in shares) / log(possible)

    return {"value": rolled(n + size - 1, entropy, values)}
