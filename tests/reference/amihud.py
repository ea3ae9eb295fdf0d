"""Illiquidity, from the returns of a window."""

from math import nan

import numpy as np

from reference.rolling import mean, rolled


def expected(columns, n, price="close", volume="volume"):
    price, volume = columns[price], columns[volume]
    returns = [nan] + [abs(price[k] / price[k - 1] - 1) for k in range(1, len(price))]

    def measure(moves, money):
        pairs = zip(moves, money, strict=True)
        traded = [move / paid for move, paid in pairs if paid > 0]
        return 1_000_000 * mean(traded) if traded else 0.0

    return {"value": rolled(n, measure, np.array(returns), price * volume)}
