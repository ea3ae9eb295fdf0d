"""Parabolic stop: TA-Lib; a stop under the bar is that of a long position."""

import numpy as np
import talib


def expected(columns, step=0.02, most=0.2):
    high, low = columns["high"], columns["low"]
    stop = talib.SAR(high, low, step, most)
    # A turn writes the extreme of the side that ended, at or beyond both last bars.
    side = np.where(stop > (high + low) / 2, -1.0, 1.0)
    flat = np.flatnonzero((high == low) & (stop == high))
    assert flat.size == 0  # the bar itself does not say the side then
    return {"value": stop, "direction": np.where(np.isnan(stop), np.nan, side)}
