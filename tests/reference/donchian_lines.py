"""Extremes of the rows before: TA-Lib, one row late."""

import numpy as np
import talib


def expected(columns, n):
    def before(values):
        return np.concatenate([[np.nan], values[:-1]])

    upper = before(talib.MAX(columns["high"], n))
    lower = before(talib.MIN(columns["low"], n))
    middle = (upper + lower) / 2
    width = 10_000 * (upper - lower) / middle
    return {"upper": upper, "middle": middle, "lower": lower, "width_bps": width}
