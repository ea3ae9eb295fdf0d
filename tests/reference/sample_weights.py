"""Slow and obvious: weights of overlapping labels, in exact fractions of ticks."""

from fractions import Fraction
from math import log

import numpy as np


def ticks_inside(start, end, times):
    return [[t for t in times if a <= t <= b] for a, b in zip(start, end, strict=True)]


def continuous_times(start, end):
    """Every whole ns is a tick: what continuous time means for closed intervals."""
    return range(min(start), max(end) + 1)


def uniqueness_oracle(start, end, times):
    inside = ticks_inside(start, end, times)
    count = {t: sum(t in ticks for ticks in map(set, inside)) for t in times}
    return [sum(Fraction(1, count[t]) for t in ticks) / len(ticks) for ticks in inside]


def probabilities_oracle(start, end, times, drawn):
    """Chance of each row to be drawn next (Lopez de Prado 2018, section 4.5)."""
    inside = ticks_inside(start, end, times)
    share = []
    for ticks in inside:
        count = {t: 1 + sum(t in inside[i] for i in drawn) for t in ticks}
        share.append(sum(Fraction(1, count[t]) for t in ticks) / len(ticks))
    return [part / sum(share) for part in share]


def sequential_oracle(start, end, times, uniform):
    """Draw with rows in the order of their starts, as the tree does."""
    order = sorted(range(len(start)), key=lambda i: (start[i], i))
    drawn = []
    for number in uniform:
        chance = probabilities_oracle(start, end, times, drawn)
        gone = Fraction(0)
        for i in order:
            gone += chance[i]
            if number < gone:
                break
        drawn.append(i)
    return drawn


def return_attribution_oracle(start, end, times, prices, *, from_first):
    count = {
        t: sum(a <= t <= b for a, b in zip(start, end, strict=True)) for t in times
    }
    weights = []
    for a, b in zip(start, end, strict=True):
        credit = 0.0
        for k in range(1, len(times)):
            t = times[k]
            if (a < t <= b) or (from_first and t == a):
                credit += log(prices[k] / prices[k - 1]) / count[t]
        weights.append(abs(credit))
    return np.array(weights) * len(weights) / sum(weights)
