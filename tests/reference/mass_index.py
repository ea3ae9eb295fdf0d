"""Mass index from TA-Lib's means."""

import numpy as np
import talib

from reference.rolling import rolled


def expected(columns, n, rows):
    single = talib.EMA(columns["high"] - columns["low"], rows)
    double = np.full_like(single, np.nan)
    double[rows - 1 :] = talib.EMA(single[rows - 1 :], rows)
    return {"value": rolled(n, sum, single / double)}
