"""Zigzag: every row draws the legs of its own past afresh."""

import numpy as np


def expected(columns, pct, high="close", low="close"):
    tops, bottoms = columns[high].tolist(), columns[low].tolist()
    names = ("direction", "pivot", "pivot_age", "extreme", "extreme_age")
    found = [_row(tops[: k + 1], bottoms[: k + 1], pct / 100) for k in range(len(tops))]
    return dict(zip(names, np.array(found, float).T, strict=True))


def _row(high, low, share):
    turns, direction, begin = _legs(high, low, share)
    last = len(high) - 1
    lowest, highest = _lowest(low, begin, last + 1), _highest(high, begin, last + 1)
    row, price = turns[-1] if turns else (lowest, low[lowest])
    far = (lowest, low[lowest]) if direction < 0 else (highest, high[highest])
    return direction, price, last - row, far[1], last - far[0]


def _legs(high, low, share):
    """Confirmed turns (row, price), direction of the leg and the row that began it."""
    turns, direction, begin = [], 0, 0
    for row in range(1, len(high)):
        if row == begin:
            continue
        top, bottom = _highest(high, begin, row), _lowest(low, begin, row)
        fall, rise = high[top] - low[row], high[row] - low[bottom]
        falls, rises = fall >= share * high[top], rise >= share * low[bottom]
        down = direction == 1 and falls and high[row] < high[top]
        up = direction == -1 and rises and low[row] > low[bottom]
        if direction == 0:
            up = rises and rise >= fall
            down = falls and not up
        if up:
            turns, direction, begin = [*turns, (bottom, low[bottom])], 1, row
        elif down:
            turns, direction, begin = [*turns, (top, high[top])], -1, row
    return turns, direction, begin


def _highest(high, begin, end):
    """Row of the highest high, the latest of equals."""
    return max(range(begin, end), key=lambda row: (high[row], row))


def _lowest(low, begin, end):
    return max(range(begin, end), key=lambda row: (-low[row], row))
