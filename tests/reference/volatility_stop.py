"""Wilder's volatility system: the closes since the last turn are looked at afresh."""

import numpy as np
import talib


def expected(columns, n, multiple):
    high, low, close = columns["high"], columns["low"], columns["close"]
    reach = multiple * talib.ATR(high, low, close, n)
    stops, sides = np.full((2, len(close)), np.nan)
    turn, long = n, True
    for row in range(n + 1, len(close)):
        since = close[turn:row]
        if long:
            stop = max(since) - reach[row - 1]
            turned = close[row] < stop
        else:
            stop = min(since) + reach[row - 1]
            turned = close[row] > stop
        if turned:
            turn, long = row, not long
        stops[row], sides[row] = stop, 1.0 if long else -1.0
    return {"value": stops, "direction": sides}
