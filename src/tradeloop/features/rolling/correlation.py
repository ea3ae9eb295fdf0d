"""Correlation of two columns over a window; with a lag, autocorrelation."""

from math import nan, sqrt

from numpy import uint64

from tradeloop.features.arithmetic.lag import lag
from tradeloop.features.base import (
    Family,
    Feature,
    Source,
    name_of,
    positive_rows,
)
from tradeloop.fold import Float, inline, kernel


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
def push_pairs(
    state: Float, ring: Float, n: float, x: float, y: float
) -> tuple[float, float, float, float, float]:
    """Return the sums of d, e, d^2, e^2 and d e over n pairs; NaN before there are n.

    d and e are x and y less an anchor near the window, so that products keep their
    digits. ``state[0:9]`` is (place in the block, five sums, full, anchors), ``ring``
    holds 5 n floats; see `tradeloop.features.window`.
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
        pos = a = b = aa = bb = ab = 0.0
        late = uint64(0)
    state[0], state[1], state[2] = pos, a, b
    state[3], state[4], state[5] = aa, bb, ab
    if state[6] == 0.0:
        return nan, nan, nan, nan, nan
    a, b, aa = a + ring[late], b + ring[late + far], aa + ring[late + far + far]
    bb, ab = bb + ring[late + uint64(3) * far], ab + ring[late + uint64(4) * far]
    return a, b, aa, bb, ab


@kernel("value", state=9, params=1)
def _correlation(
    state: Float, ring: Float, params: tuple[float], x: float, y: float
) -> float:
    (n,) = params
    a, b, aa, bb, ab = push_pairs(state, ring, n, x, y)
    if a != a:
        return nan
    wide, tall = aa - a * (a / n), bb - b * (b / n)
    if wide <= 0.0 or tall <= 0.0:
        return 0.0
    value = (ab - a * (b / n)) / (sqrt(wide) * sqrt(tall))
    return max(-1.0, min(value, 1.0))  # type: ignore[no-any-return]


def correlation(
    x: Source, y: Source, n: int, *, name: str = "", group: str = ""
) -> Feature:
    """Pearson correlation over n rows, -1 to 1, 0 where one of them did not move."""
    n = positive_rows(n, "correlation", 2)
    return Feature(
        name or f"correlation_{n}_{name_of(x)}_{name_of(y)}",
        FAMILY,
        (x, y),
        (n,),
        ring=5 * n,
        warm_up=(n - 1,),
        look_back=n - 1,
        group=group,
    )


def autocorrelation(
    x: Source, n: int, rows: int = 1, *, name: str = "", group: str = ""
) -> Feature:
    """Correlation of ``x`` with its own value some rows ago, over n rows."""
    name = name or f"autocorrelation_{n}_{rows}_{name_of(x)}"
    return correlation(x, lag(x, rows).columns[0], n, name=name, group=group)


FAMILY = Family(
    name="correlation",
    category="technical",
    kernel=_correlation,
    formula="cov(x, y) / sqrt(var(x) * var(y)) over n rows",
    unit="-1 to 1; 0 where one did not move",
    reference="Pearson; TA-Lib CORREL",
    build=correlation,
    examples=(("close", "volume", 20), ("high", "low", 5)),
)
