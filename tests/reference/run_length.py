"""Lengths of runs, by looking back from each row."""

from itertools import takewhile

import numpy as np


def expected(columns, x):
    signs = np.sign(columns[x])
    runs = []
    for row, sign in enumerate(signs):
        back = signs[row::-1]
        runs.append(sign * len(list(takewhile(lambda other: other == sign, back))))  # noqa: B023
    return {"value": np.array(runs)}
