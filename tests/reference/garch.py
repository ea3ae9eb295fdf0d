"""GARCH(1,1) with its weights written out: no recursion."""

from math import nan, sqrt

import numpy as np

from reference.rolling import log_returns


def expected(columns, omega=200.0, alpha=0.08, beta=0.90):
    squares = (log_returns(columns["close"])[1:] ** 2).tolist()
    start = omega / (1 - alpha - beta)
    found = [nan]
    for row in range(len(squares)):
        age = range(row + 1)
        fresh = sum(beta**k * (omega + alpha * squares[row - k]) for k in age)
        found.append(sqrt(fresh + beta ** (row + 1) * start))
    return {"value": np.array(found)}
