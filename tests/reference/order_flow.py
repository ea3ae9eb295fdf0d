"""Order flow of the best quotes, case by case."""

from itertools import pairwise
from math import nan

import numpy as np


def expected(columns):
    names = ("bid", "ask", "bid_size", "ask_size")
    rows = list(zip(*(columns[name].tolist() for name in names), strict=True))
    flow, depth = [nan], [nan]
    for (b0, a0, qb0, qa0), (b, a, qb, qa) in pairwise(rows):
        bought = qb if b > b0 else -qb0 if b < b0 else qb - qb0
        sold = qa if a < a0 else -qa0 if a > a0 else qa - qa0
        flow.append(bought - sold)
        depth.append(qb + qa)
    return {"flow": np.array(flow), "depth": np.array(depth)}
