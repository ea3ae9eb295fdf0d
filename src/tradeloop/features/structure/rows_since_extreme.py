"""Rows since the highest high and the lowest low of a window."""

from math import nan

from numpy import uint64

from tradeloop.features.base import Family, Feature, positive_rows
from tradeloop.fold import Float, inline, kernel


@inline
def _age(ring: Float, newest: int, n: int, sign: float) -> float:
    """Rows back to the largest value; the latest of equal ones."""
    best, age = sign * ring[newest], 0.0
    for j in range(uint64(1), n):
        x = sign * ring[newest - j]
        if x > best:
            best, age = x, float(j)
    return age


@kernel("high", "low", state=4, params=1)
def _rows_since_extreme(
    state: Float, ring: Float, params: tuple[float], high: float, low: float
) -> tuple[float, float]:
    # ring: n highs, twice, so that they always stand in one piece; then the lows. The
    # window is searched only when its extreme has left it, or when it fills.
    n = uint64(params[0])
    here, lows = uint64(state[0]), n + n
    first = state[1] == 0.0
    ring[here] = ring[here + n] = high
    ring[here + lows] = ring[here + lows + n] = low
    state[0] += 1.0
    if state[0] == params[0]:
        state[0], state[1] = 0.0, 1.0
    if state[1] == 0.0:
        return nan, nan
    newest = here + n
    top, bottom = state[2] + 1.0, state[3] + 1.0
    if first or top >= params[0]:
        top = _age(ring, newest, n, 1.0)
    elif high >= ring[newest - uint64(top)]:
        top = 0.0
    if first or bottom >= params[0]:
        bottom = _age(ring, newest + lows, n, -1.0)
    elif low <= ring[newest + lows - uint64(bottom)]:
        bottom = 0.0
    state[2], state[3] = top, bottom
    return top, bottom


def rows_since_extreme(n: int) -> Feature:
    """Columns ``high`` and ``low``: rows since the extremes of n rows, 0 to n - 1."""
    n = positive_rows(n, "rows_since_extreme")
    return Feature(
        f"rows_since_extreme_{n}",
        FAMILY,
        ("high", "low"),
        (n,),
        ring=4 * n,
        warm_up=(n - 1, n - 1),
        look_back=n - 1,
    )


FAMILY = Family(
    name="rows_since_extreme",
    category="technical",
    kernel=_rows_since_extreme,
    formula="rows since max(high) and since min(low) of n rows, the latest of equals",
    unit="rows, 0 to n - 1",
    reference="definition; row less TA-Lib MAXINDEX and MININDEX",
    build=rows_since_extreme,
    examples=((20,), (5,)),
)
