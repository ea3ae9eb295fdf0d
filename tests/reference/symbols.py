"""Words of rises, and the order of three values, spelt out."""

from itertools import pairwise
from math import nan

import numpy as np


def expected(columns, length, x="close"):
    values = columns[x].tolist()
    rises = ["1" if b > a else "0" for a, b in pairwise(values)]
    words, orders = [], []
    for row in range(len(values)):
        spelt = "".join(rises[row - length : row]) if row >= length else ""
        words.append(float(int(spelt, 2)) if spelt else nan)
        if row < 2:
            orders.append(nan)
            continue
        a, b, c = values[row - 2 : row + 1]
        orders.append(float((a > b) + 2 * (a > c) + 4 * (b > c)))
    return {"word": np.array(words), "order": np.array(orders)}
