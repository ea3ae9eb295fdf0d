"""Swings: every row lists those that it confirms; the last two are kept."""

from math import nan

import numpy as np


def expected(columns, k):
    high, low = columns["high"].tolist(), columns["low"].tolist()
    tops, bottoms = _last(high, k), _last([-x for x in low], k)
    flip = {"level": -1, "before": -1, "age": 1, "confirmed": 1}
    bottoms = {name: flip[name] * values for name, values in bottoms.items()}
    return {
        "high": tops["level"],
        "low": bottoms["level"],
        "high_before": tops["before"],
        "low_before": bottoms["before"],
        "high_age": tops["age"],
        "low_age": bottoms["age"],
        "is_high": tops["confirmed"],
        "is_low": bottoms["confirmed"],
    }


def found_at(values, k):
    """Rows of the swings: above each of the k neighbours on both sides."""
    found = []
    for row in range(k, len(values) - k):
        near = values[row - k : row] + values[row + 1 : row + k + 1]
        if all(values[row] > other for other in near):
            found.append(row)
    return found


def _last(values, k):
    rows = {"level": [], "before": [], "age": [], "confirmed": []}
    swings = found_at(values, k)
    for row in range(len(values)):
        known = [swing for swing in swings if swing + k <= row]
        if not known:
            so_far = values[: row + 1]
            known = [max(i for i in range(row + 1) if values[i] == max(so_far))]
        entry = {
            "level": values[known[-1]],
            "before": values[known[-2]] if len(known) > 1 else values[known[-1]],
            "age": row - known[-1],
            "confirmed": float(row - k in swings),
        }
        for name, value in entry.items():
            rows[name].append(value if row >= 2 * k else nan)
    return {name: np.array(found) for name, found in rows.items()}
