"""Highest and lowest value of a window, in constant time (van Herk)."""

from math import nan

from numpy import uint64

from tradeloop.features.base import (
    Family,
    Feature,
    Source,
    name_of,
    positive_rows,
)
from tradeloop.fold import Float, kernel


@kernel("highest", "lowest", state=4, params=1)
def _extremes(
    state: Float, ring: Float, params: tuple[float], high: float, low: float
) -> tuple[float, float]:
    # ring: values of this block before pos, suffix extremes of the last block after
    (n,) = params
    pos = state[0]
    top, bottom = max(state[1], high), min(state[2], low)
    if pos == 0.0:
        top, bottom = high, low
    state[1], state[2] = top, bottom
    i = uint64(2.0 * pos)
    ring[i], ring[i + uint64(1)] = high, low
    pos += 1.0
    if pos == n:
        a, b = high, low
        for k in range(uint64(1), uint64(n)):
            j = i - k - k
            a, b = max(a, ring[j]), min(b, ring[j + uint64(1)])
            ring[j], ring[j + uint64(1)] = a, b
        state[0], state[3] = 0.0, 1.0
        return top, bottom
    state[0] = pos
    if state[3] == 0.0:
        return nan, nan
    return max(top, ring[i + uint64(2)]), min(bottom, ring[i + uint64(3)])


def extremes(n: int, high: Source = "high", low: Source = "low") -> Feature:
    """Columns ``highest`` and ``lowest`` of the last n rows, in price units."""
    n = positive_rows(n, "extremes")
    usual = (high, low) == ("high", "low")
    ending = "" if usual else f"_{name_of(high)}_{name_of(low)}"
    return Feature(
        f"extremes_{n}{ending}",
        FAMILY,
        (high, low),
        (n,),
        ring=2 * n,
        warm_up=(n - 1, n - 1),
        look_back=n - 1,
    )


FAMILY = Family(
    name="extremes",
    category="technical",
    kernel=_extremes,
    formula="max(high[t - n + 1 .. t]), min(low[t - n + 1 .. t])",
    unit="price",
    reference="van Herk 1992; TA-Lib MAX, MIN",
    build=extremes,
    examples=((14,), (1,), (5, "close", "close")),
    price_degree=(1, 1),
)
