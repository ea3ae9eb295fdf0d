"""Order flow of the best quotes, case by case."""

from itertools import pairwise
from math import nan

import numpy as np

from reference.streams import of


def expected(columns, stream=""):
    sides = of(columns, stream, "bid", "ask", "bid_size", "ask_size")
    rows = list(zip(*(side.tolist() for side in sides), strict=True))
    flow, depth = [nan], [nan]
    for (b0, a0, qb0, qa0), (b, a, qb, qa) in pairwise(rows):
        bought = qb if b > b0 else -qb0 if b < b0 else qb - qb0
        sold = qa if a < a0 else -qa0 if a > a0 else qa - qa0
        flow.append(bought - sold)
        depth.append(qb + qa)
    return {"flow": np.array(flow), "depth": np.array(depth)}
