"""One expiry of a chain: volatility by log-moneyness, and what its shape is.

Points stand in the order of k = ln(strike / forward), each strike once. Nothing is
extrapolated: a value that the strikes do not enclose is NaN.
"""

from math import nan, sqrt

from tradeloop.features.options.pricing import normal_cdf
from tradeloop.fold import Float, inline

LEAST_STRIKES = 3  # of a parabola
CALL_WING, PUT_WING = 0.25, 0.75  # deltas of a call on the forward, not discounted
Shape = tuple[float, float, float]


@inline
def at_the_money(k: Float, iv: Float, n: int) -> float:
    """Volatility at k = 0, by a line between the strikes around the forward."""
    for i in range(n):
        if k[i] == 0.0:
            return iv[i]  # type: ignore[no-any-return]
        if k[i] > 0.0:
            if i == 0:
                return nan
            share = -k[i - 1] / (k[i] - k[i - 1])
            return iv[i - 1] + (iv[i] - iv[i - 1]) * share  # type: ignore[no-any-return]
    return nan


@inline
def parabola(k: Float, iv: Float, n: int) -> Shape:
    """Level, slope and second derivative at k = 0 of the least squares parabola.

    It is found on polynomials that are orthogonal over the strikes, so that narrow
    strikes lose no digits.
    """
    if n < LEAST_STRIKES or k[0] > 0.0 or k[n - 1] < 0.0:
        return nan, nan, nan
    mean = height = 0.0
    for i in range(n):
        mean += k[i]
        height += iv[i]
    mean, height = mean / n, height / n
    two = three = line = 0.0
    for i in range(n):
        z = k[i] - mean
        two += z * z
        three += z * z * z
        line += z * (iv[i] - height)
    slope, tilt, floor = line / two, three / two, two / n
    norm = bend = 0.0
    for i in range(n):
        z = k[i] - mean
        p = z * z - tilt * z - floor
        norm += p * p
        bend += p * (iv[i] - height - slope * z)
    curve = bend / norm if norm > 0.0 else 0.0
    z = -mean
    level = height + slope * z + curve * (z * z - tilt * z - floor)
    return level, slope + curve * (2.0 * z - tilt), 2.0 * curve


@inline
def _delta(k: float, iv: float, root: float) -> float:
    spread = iv * root
    return normal_cdf(0.5 * spread - k / spread)  # type: ignore[no-any-return]


@inline
def wing(k: Float, iv: Float, n: int, root: float, delta: float) -> float:
    """Volatility where a call on the forward has this delta, by a line in delta.

    Where a crooked smile has the delta twice, the strike nearer to the money counts.
    """
    found = nan
    for i in range(1, n):
        near, far = _delta(k[i - 1], iv[i - 1], root), _delta(k[i], iv[i], root)
        if near >= delta >= far and near > far:
            share = (near - delta) / (near - far)
            found = iv[i - 1] + (iv[i] - iv[i - 1]) * share
            if delta < 0.5:  # noqa: PLR2004 - a call's wing: the first strike counts
                return found  # type: ignore[no-any-return]
    return found


@inline
def wings(k: Float, iv: Float, n: int, years: float, atm: float) -> tuple[float, float]:
    """Risk reversal (call less put) and butterfly (wings less money) at 25 delta."""
    root = sqrt(years)
    call = wing(k, iv, n, root, CALL_WING)
    put = wing(k, iv, n, root, PUT_WING)
    return call - put, 0.5 * (call + put) - atm
