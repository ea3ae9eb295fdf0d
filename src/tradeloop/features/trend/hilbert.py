"""Ehlers' Hilbert transform: phase and period of the cycle that prices are in.

The compiled part that `mama` and `trendline` share.
"""

from math import atan, pi

from numpy import uint64

from tradeloop.fold import Float, inline

DEGREES = 180.0 / pi
HISTORY = 64
"""Floats of ring: 16 rows each of price, smooth price, detrended and quadrature."""
STATE = 6
_A, _B = 0.0962, 0.5769
_SHORTEST, _LONGEST = 6.0, 50.0
_SMOOTH, _TREND, _TURN, _LAST = uint64(16), uint64(32), uint64(48), uint64(15)


@inline
def _filter(newest: float, second: float, fourth: float, sixth: float) -> float:
    """Hilbert's filter over values 0, 2, 4 and 6 rows ago."""
    return (_A * newest - _A * sixth) + _B * second - _B * fourth


@inline
def push_cycle(
    state: Float, ring: Float, x: float, skip: float
) -> tuple[float, float, float]:
    """Return rows seen, phase in degrees and the period in rows.

    ``state[0:6]`` is (rows, period, in-phase, quadrature, real and imaginary part of
    the last rows); ``ring`` holds `HISTORY` floats. The first ``skip`` rows only fill
    the mean of the price.
    """
    rows = state[0]
    at = uint64(rows) & _LAST
    ring[at] = x
    state[0] = rows + 1.0
    if rows < skip:
        return rows, 0.0, 0.0
    # places 1, 2, 3 ... rows back; each history begins at a multiple of 16
    b1, b2, b3 = (
        (at + uint64(15)) & _LAST,
        (at + uint64(14)) & _LAST,
        (at + uint64(13)) & _LAST,
    )
    b4, b6 = (at + uint64(12)) & _LAST, (at + uint64(10)) & _LAST
    smooth = 0.1 * ((4.0 * x + 3.0 * ring[b1] + 2.0 * ring[b2]) + ring[b3])
    gain = 0.075 * state[1] + 0.54
    detrended = gain * _filter(
        smooth, ring[_SMOOTH + b2], ring[_SMOOTH + b4], ring[_SMOOTH + b6]
    )
    quadrature = gain * _filter(
        detrended, ring[_TREND + b2], ring[_TREND + b4], ring[_TREND + b6]
    )
    ring[_SMOOTH + at], ring[_TREND + at] = smooth, detrended
    phased = ring[_TREND + b3]
    b5, b7, b9 = (
        (at + uint64(11)) & _LAST,
        (at + uint64(9)) & _LAST,
        (at + uint64(7)) & _LAST,
    )
    ahead = gain * _filter(
        phased, ring[_TREND + b5], ring[_TREND + b7], ring[_TREND + b9]
    )
    turned = gain * _filter(
        quadrature, ring[_TURN + b2], ring[_TURN + b4], ring[_TURN + b6]
    )
    ring[_TURN + at] = quadrature
    i2 = 0.2 * (phased - turned) + 0.8 * state[2]
    q2 = 0.2 * (quadrature + ahead) + 0.8 * state[3]
    real = 0.2 * (i2 * state[2] + q2 * state[3]) + 0.8 * state[4]
    imaginary = 0.2 * (i2 * state[3] - q2 * state[2]) + 0.8 * state[5]
    state[2], state[3], state[4], state[5] = i2, q2, real, imaginary
    state[1] = _period(state[1], real, imaginary)
    phase = DEGREES * atan(quadrature / phased) if phased != 0.0 else 0.0
    return rows, phase, state[1]


@inline
def _period(last: float, real: float, imaginary: float) -> float:
    """Period of the cycle: near to the last one, 6 to 50 rows, smoothed."""
    period = last
    if imaginary != 0.0 and real != 0.0:
        period = 360.0 / (DEGREES * atan(imaginary / real))
    period = max(min(period, 1.5 * last), 0.67 * last)
    period = min(max(period, _SHORTEST), _LONGEST)
    return 0.2 * period + 0.8 * last
