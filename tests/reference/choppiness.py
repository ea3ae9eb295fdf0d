"""Choppiness index, each window afresh."""

from math import log10

from reference.rolling import rolled


def expected(columns, n):
    def index(high, low, close):
        tops = [max(high[i], close[i - 1]) for i in range(1, n + 1)]
        bottoms = [min(low[i], close[i - 1]) for i in range(1, n + 1)]
        walked = sum(t - b for t, b in zip(tops, bottoms, strict=True))
        return 100 * log10(walked / (max(tops) - min(bottoms))) / log10(n)

    bars = columns["high"], columns["low"], columns["close"]
    return {"value": rolled(n + 1, index, *bars)}
