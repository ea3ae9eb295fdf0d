"""Straight line through pairs of a window: beta, correlation and spread."""

from math import nan, sqrt

from numpy import uint64

from tradeloop.features.arithmetic.log_price import log_price
from tradeloop.features.base import Family, Feature, Source, name_of, positive_rows
from tradeloop.fold import Float, inline, kernel

_PERFECT = 1e-12  # share of the variance that rounding leaves


@inline
def _suffixes(ring: Float, last: int, far: int, x: float, y: float) -> None:
    """Turn the pairs of a full block into suffix sums about its last pair."""
    a = b = aa = bb = ab = 0.0
    for k in range(uint64(1), far):
        j = last - k
        d, e = ring[j] - x, ring[j + far] - y
        a, b = a + d, b + e
        aa, bb, ab = aa + d * d, bb + e * e, ab + d * e
        ring[j], ring[j + far], ring[j + uint64(2) * far] = a, b, aa
        ring[j + uint64(3) * far], ring[j + uint64(4) * far] = bb, ab
    for k in range(uint64(5)):
        ring[last + k * far] = 0.0


@inline
def push_pair(
    state: Float, ring: Float, n: float, x: float, y: float
) -> tuple[float, float, float, float, float]:
    """Return means less x and y, and sums of squares and products about the means.

    ``state[0:9]`` is (place in the block, five sums, full, two anchors), ``ring`` holds
    5 n floats. The first is NaN before there are n pairs.
    """
    pos, d, e = state[0], x - state[7], y - state[8]
    a, b = state[1] + d, state[2] + e
    aa, bb, ab = state[3] + d * d, state[4] + e * e, state[5] + d * e
    here, far = uint64(pos), uint64(n)
    ring[here], ring[here + far] = x, y
    pos += 1.0
    late = here + uint64(1)
    if pos == n:
        _suffixes(ring, here, far, x, y)
        state[6], state[7], state[8] = 1.0, x, y
        pos = a = b = aa = bb = ab = d = e = 0.0
        late = uint64(0)
    state[0], state[1], state[2] = pos, a, b
    state[3], state[4], state[5] = aa, bb, ab
    if state[6] == 0.0:
        return nan, nan, nan, nan, nan
    a, b, aa = a + ring[late], b + ring[late + far], aa + ring[late + far + far]
    bb, ab = bb + ring[late + uint64(3) * far], ab + ring[late + uint64(4) * far]
    wide, tall = max(aa - a * (a / n), 0.0), max(bb - b * (b / n), 0.0)
    return a / n - d, b / n - e, wide, tall, ab - a * (b / n)


@kernel("beta", "alpha", "correlation", "zscore", state=9, params=1)
def _pair_regression(
    state: Float, ring: Float, params: tuple[float], y: float, x: float
) -> tuple[float, float, float, float]:
    (n,) = params
    off_x, off_y, wide, tall, joint = push_pair(state, ring, n, x, y)
    if off_x != off_x:
        return nan, nan, nan, nan
    moved = wide > 0.0 and tall > 0.0
    beta = joint / wide if wide > 0.0 else 0.0
    correlation = joint / (sqrt(wide) * sqrt(tall)) if moved else 0.0
    rest = beta * off_x - off_y  # the last pair's distance from the line
    around = tall - beta * joint
    zscore = rest / sqrt(around / n) if around > _PERFECT * tall else 0.0
    alpha = (y + off_y) - beta * (x + off_x)
    return beta, alpha, max(-1.0, min(correlation, 1.0)), zscore


def pair_regression(y: Source, x: Source, n: int, *, name: str = "") -> Feature:
    """Columns ``beta``, ``alpha``, ``correlation``, ``zscore`` of y on x over n rows.

    ``y = alpha + beta * x + rest`` by least squares; beta and correlation are 0 where x
    did not move; ``zscore`` is the rest of the last row in standard deviations of all
    (divided by n), 0 where the line meets every pair.
    """
    n = positive_rows(n, "pair_regression", 3)
    return Feature(
        name or f"pair_regression_{n}_{name_of(y)}_{name_of(x)}",
        FAMILY,
        (y, x),
        (n,),
        ring=5 * n,
        warm_up=(n - 1,) * 4,
        look_back=n - 1,
    )


def spread(y: Source, x: Source, n: int, *, name: str = "") -> Feature:
    """Regression of logarithms of prices: beta hedges, zscore says how far apart."""
    a, b = log_price(y).columns[0], log_price(x).columns[0]
    return pair_regression(
        a, b, n, name=name or f"spread_{n}_{name_of(y)}_{name_of(x)}"
    )


FAMILY = Family(
    name="pair_regression",
    category="cross_asset",
    kernel=_pair_regression,
    formula="beta = cov(y, x) / var(x), alpha = mean(y) - beta * mean(x), "
    "zscore = (y - alpha - beta * x) / std(y - alpha - beta * x) over n rows",
    unit="beta: unit of y a unit of x; alpha: unit of y; correlation: -1 to 1; "
    "zscore: standard deviations",
    reference="least squares; TA-Lib BETA is one of returns",
    build=pair_regression,
    examples=(("close", "open", 60), ("high", "low", 5)),
    price_degree=(0, 1, 0, 0),
)
