"""Hilbert trendline: TA-Lib; the period step by step, with whole histories kept."""

from math import atan, degrees

import numpy as np
import talib

START, SETTLED = 37, 63


def expected(columns, x="close"):
    values = columns[x]
    period = cycle_periods(values, START)
    period[:SETTLED] = np.nan
    return {"value": talib.HT_TRENDLINE(values), "period": period}


def cycle_periods(values, start):
    """Smoothed period of the cycle in every row from ``start`` on, 0 before."""
    size = len(values)
    smooth, detrended, quadrature, i2, q2, real, imaginary, period, slow = (
        np.zeros(size) for _ in range(9)
    )

    def before(series, row):
        return series[row] if row >= 0 else 0.0

    def hilbert(series, row):
        taps = ((0, 0.0962), (2, 0.5769), (4, -0.5769), (6, -0.0962))
        gain = 0.075 * period[t - 1] + 0.54
        return gain * sum(weight * before(series, row - ago) for ago, weight in taps)

    for t in range(start, size):
        weights = ((0, 4), (1, 3), (2, 2), (3, 1))
        smooth[t] = sum(weight * values[t - ago] for ago, weight in weights) / 10
        detrended[t] = hilbert(smooth, t)
        quadrature[t] = hilbert(detrended, t)
        phased, ahead = detrended[t - 3], hilbert(detrended, t - 3)
        turned = hilbert(quadrature, t)
        i2[t] = 0.2 * (phased - turned) + 0.8 * i2[t - 1]
        q2[t] = 0.2 * (quadrature[t] + ahead) + 0.8 * q2[t - 1]
        product = (i2[t] + 1j * q2[t]) * (i2[t - 1] - 1j * q2[t - 1])
        real[t] = 0.2 * product.real + 0.8 * real[t - 1]
        imaginary[t] = -0.2 * product.imag + 0.8 * imaginary[t - 1]
        raw, last = period[t - 1], period[t - 1]
        if real[t] and imaginary[t]:
            raw = 360 / degrees(atan(imaginary[t] / real[t]))
        raw = min(max(min(max(raw, 0.67 * last), 1.5 * last), 6), 50)
        period[t] = 0.2 * raw + 0.8 * last
        slow[t] = 0.33 * period[t] + 0.67 * slow[t - 1]
    return slow
