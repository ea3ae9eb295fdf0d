"""Angle of a slope: TA-Lib, or the definition for a raw column."""

import numpy as np
import talib


def expected(columns, slope):
    if isinstance(slope, str):
        return {"value": np.degrees(np.arctan(columns[slope]))}
    n = int(slope.feature.params[0])
    return {"value": talib.LINEARREG_ANGLE(columns["close"], n)}
