"""Straight line through a window: its slope, its end and how well it fits."""

from math import nan, sqrt

from numpy import uint64

from tradeloop.features.base import (
    Family,
    Feature,
    Source,
    positive_rows,
    suffix,
)
from tradeloop.fold import Float, kernel


@kernel("slope", "r2", "end", "error", state=6, params=5)
def _linear_regression(
    state: Float,
    ring: Float,
    params: tuple[float, float, float, float, float],
    y: float,
) -> tuple[float, float, float, float]:
    # Sums of d = y - anchor, of d^2 and of (place in the window) * d; a block's share
    # of the last is its own weighted sum and its place times its plain sum.
    n, middle, spread, scale, free = params
    pos, anchor = state[0], state[5]
    d = y - anchor
    a, b, c = state[1] + d, state[2] + d * d, state[3] + pos * d
    here, far = uint64(pos), uint64(n)
    ring[here] = y
    pos += 1.0
    if pos == n:
        a = b = c = 0.0
        for k in range(uint64(1), far):
            d = ring[here - k] - y
            c += a  # every later value moves one place up
            a, b = a + d, b + d * d
            ring[here - k], ring[here - k + far], ring[here - k + far + far] = a, b, c
        ring[here] = ring[here + far] = ring[here + far + far] = 0.0
        state[0], state[1], state[2], state[3] = 0.0, 0.0, 0.0, 0.0
        state[4], state[5], anchor = 1.0, y, y
    else:
        state[0], state[1], state[2], state[3] = pos, a, b, c
        if state[4] == 0.0:
            return nan, nan, nan, nan
        late = here + uint64(1)
        c += (n - pos) * a + ring[late + far + far]
        a, b = a + ring[late], b + ring[late + far]
    joint = c - middle * a
    slope = joint / spread
    rest = b - a * (a * scale)
    r2 = min(slope * (joint / rest), 1.0) if rest > 0.0 else 0.0
    error = sqrt(max(rest - slope * joint, 0.0) * free)
    return slope, r2, anchor + (a * scale + slope * middle), error


def linear_regression(n: int, x: Source = "close") -> Feature:
    """Columns ``slope``, ``r2``, ``end`` and ``error`` of the line through n rows.

    ``slope`` is in the unit of ``x`` a row, ``r2`` 0 to 1; ``end`` is the line at this
    row and ``error`` its standard error over n - 2 degrees of freedom (0 for n = 2),
    both in the unit of ``x``.
    """
    n = positive_rows(n, "linear_regression", 2)
    return Feature(
        f"linear_regression_{n}{suffix(x, 'close')}",
        FAMILY,
        (x,),
        (n, (n - 1) / 2, n * (n * n - 1) / 12, 1 / n, 1 / (n - 2) if n > 2 else 0.0),  # noqa: PLR2004 - two points fit
        ring=3 * n,
        warm_up=(n - 1,) * 4,
        look_back=n - 1,
    )


FAMILY = Family(
    name="linear_regression",
    category="technical",
    kernel=_linear_regression,
    formula="slope = cov(place, x) / var(place), r2 = correlation(place, x)^2, end = "
    "mean(x) + slope * (n - 1) / 2, error = sqrt(sum(residual^2) / (n - 2))",
    unit="slope: unit of x a row; r2: 0 to 1, 0 where nothing moved; end, error: of x",
    reference="least squares; TA-Lib LINEARREG, LINEARREG_SLOPE",
    build=linear_regression,
    examples=((20,), (5,)),
    price_degree=(1, 0, 1, 1),
)
