"""Fisher transform, from the list of places in the range."""

from math import atanh, nan

import numpy as np

from reference.rolling import rolled


def expected(columns, n, x=None):
    price = columns[x] if x else (columns["high"] + columns["low"]) / 2
    places = rolled(n, lambda w: (w[-1] - min(w)) / (max(w) - min(w)), price)
    smooth, value, found, before = 0.0, 0.0, [], []
    for place in places:
        if place != place:
            found.append(nan)
            before.append(nan)
            continue
        before.append(value if len(found) >= n else nan)
        smooth = 0.33 * 2 * (place - 0.5) + 0.67 * smooth
        if abs(smooth) > 0.99:
            smooth = np.sign(smooth) * 0.999
        value = atanh(smooth) + value / 2
        found.append(value)
    return {"value": np.array(found), "trigger": np.array(before)}
