"""Skewness of a window."""

from math import nan, sqrt

from numpy import uint64

from tradeloop.features.base import (
    Family,
    Feature,
    Source,
    name_of,
    positive_rows,
)
from tradeloop.fold import Float, kernel


@kernel("value", state=6, params=2)
def _skew(state: Float, ring: Float, params: tuple[float, float], x: float) -> float:
    # As window.push_moments, with a third sum.
    n, scale = params
    pos, d = state[0], x - state[5]
    a, b, c = state[1] + d, state[2] + d * d, state[3] + d * d * d
    here, far = uint64(pos), uint64(n)
    ring[here] = x
    pos += 1.0
    if pos == n:
        a = b = c = 0.0
        for k in range(uint64(1), far):
            d = ring[here - k] - x
            a, b, c = a + d, b + d * d, c + d * d * d
            ring[here - k], ring[here - k + far], ring[here - k + far + far] = a, b, c
        ring[here] = ring[here + far] = ring[here + far + far] = 0.0
        state[0], state[1], state[2], state[3] = 0.0, 0.0, 0.0, 0.0
        state[4], state[5] = 1.0, x
    else:
        state[0], state[1], state[2], state[3] = pos, a, b, c
        if state[4] == 0.0:
            return nan
        late = here + uint64(1)
        a, b, c = a + ring[late], b + ring[late + far], c + ring[late + far + far]
    mean = a * scale
    spread = b * scale - mean * mean
    third = c * scale - mean * (3.0 * (b * scale) - 2.0 * mean * mean)
    return third / (spread * sqrt(spread)) if spread > 0.0 else 0.0


def skew(x: Source, n: int) -> Feature:
    """Third central moment over the cube of the standard deviation, over n rows."""
    n = positive_rows(n, "skew", 3)
    return Feature(
        f"skew_{n}_{name_of(x)}",
        FAMILY,
        (x,),
        (n, 1 / n),
        ring=3 * n,
        warm_up=(n - 1,),
        look_back=n - 1,
    )


FAMILY = Family(
    name="skew",
    category="risk",
    kernel=_skew,
    formula="mean((x - mean)^3) / mean((x - mean)^2)^1.5 over n rows",
    unit="none; 0 where nothing moved",
    reference="Pearson's moment coefficient, not corrected for bias",
    build=skew,
    examples=(("close", 20), ("volume", 5)),
)
