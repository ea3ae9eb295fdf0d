"""Bars grouped by day; each row looks up the group before its own."""

import numpy as np


def expected(columns):
    days = (columns["day"] - (columns["ns_of_day"] == 0)).tolist()
    order = sorted(set(days))
    found = {"high": [], "low": [], "close": []}
    for row, day in enumerate(days):
        place = order.index(day)
        rows = [i for i in range(row + 1) if days[i] == order[max(place - 1, 0)]]
        found["high"].append(max(columns["high"][rows]))
        found["low"].append(min(columns["low"][rows]))
        found["close"].append(columns["close"][rows[-1]])
    return {name: np.array(values) for name, values in found.items()}
