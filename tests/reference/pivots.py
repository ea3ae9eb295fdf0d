"""Pivot levels as the floor writes them down, one formula for each."""

import numpy as np

from reference import completed_day


def levels(method, high, low, close):
    span, pivot = high - low, (high + low + close) / 3
    if method == "camarilla":
        steps = [1.1 * span / part for part in (12, 6, 4, 2)]
        return [pivot, *(close + s for s in steps), *(close - s for s in steps)]
    if method == "fibonacci":
        steps = [share * span for share in (0.382, 0.618, 1.0, 1.618)]
        return [pivot, *(pivot + s for s in steps), *(pivot - s for s in steps)]
    if method == "woodie":
        pivot = (high + low + 2 * close) / 4
    above = [
        2 * pivot - low,
        pivot + span,
        high + 2 * (pivot - low),
        high + 3 * (pivot - low),
    ]
    below = [
        2 * pivot - high,
        pivot - span,
        low - 2 * (high - pivot),
        low - 3 * (high - pivot),
    ]
    return [pivot, *above, *below]


def expected(columns, method):
    over = completed_day.expected(columns)
    names = ("pp", "r1", "r2", "r3", "r4", "s1", "s2", "s3", "s4")
    prices = levels(method, over["high"], over["low"], over["close"])
    close = columns["close"]
    return {
        f"{name}_bps": 10_000 * (np.asarray(price) / close - 1)
        for name, price in zip(names, prices, strict=True)
    }
