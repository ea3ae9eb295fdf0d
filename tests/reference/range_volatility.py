"""Variance of one bar by three estimators, as the papers write them."""

from math import log

import numpy as np


def expected(columns):
    found = {"parkinson": [], "garman_klass": [], "rogers_satchell": []}
    names = ("open", "high", "low", "close")
    for o, h, l, c in zip(*(columns[name].tolist() for name in names), strict=True):  # noqa: E741
        wide = log(h / l) ** 2
        found["parkinson"].append(1e8 * wide / (4 * log(2)))
        garman = 0.5 * wide - (2 * log(2) - 1) * log(c / o) ** 2
        found["garman_klass"].append(1e8 * garman)
        rogers = log(h / c) * log(h / o) + log(l / c) * log(l / o)
        found["rogers_satchell"].append(1e8 * rogers)
    return {name: np.array(values) for name, values in found.items()}
