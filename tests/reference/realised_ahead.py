"""Volatility from a decision to its due time, bar by bar, in plain Python."""

from itertools import pairwise
from math import log, sqrt


def in_time(bars):
    """Bars in the order of their receipt, without those behind a later one."""
    kept, newest, opened = [], None, None
    for bar in sorted(bars, key=lambda b: (b["known"], b["end"], b["open"])):
        late = newest is not None and (bar["end"] <= newest or bar["open"] < opened)
        if not late:
            kept.append(bar)
            newest, opened = bar["end"], bar["open"]
    return kept


def realised(bars, decision, due, end):
    """Root of the summed squared log returns; None where it is not known."""
    known = in_time(bars)
    before = [b["close"] for b in known if b["known"] <= decision]
    if not before or end is None:
        return None
    prices, arrived = [before[-1]], False
    for bar in known:
        if bar["end"] <= decision or bar["known"] > end or arrived:
            continue
        prices.append(bar["close"])
        arrived = bar["end"] >= due
    if len(prices) == 1:
        return None
    return sqrt(sum(log(later / now) ** 2 for now, later in pairwise(prices)))
