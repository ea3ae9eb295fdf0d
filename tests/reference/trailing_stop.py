"""A stop behind the price: both bands are kept, and the side that holds is told."""

from math import nan

import numpy as np
import talib


def expected(columns, name, x, width, multiple):
    n = int(width.feature.params[0])
    high, low, close = columns["high"], columns["low"], columns["close"]
    reach = multiple * talib.ATR(high, low, close, n)
    stops, sides, ceiling, floor, long = [], [], None, None, True
    for row, hung in enumerate(columns[x]):
        if np.isnan(reach[row]):
            stops.append(nan)
            sides.append(nan)
            continue
        above, below = hung + reach[row], hung - reach[row]
        if ceiling is None:
            ceiling, floor = above, below
        if above < ceiling or close[row - 1] > ceiling:
            ceiling = above
        if below > floor or close[row - 1] < floor:
            floor = below
        long = close[row] > (floor if long else ceiling)
        stops.append(floor if long else ceiling)
        sides.append(1.0 if long else -1.0)
    return {"value": np.array(stops), "direction": np.array(sides)}
