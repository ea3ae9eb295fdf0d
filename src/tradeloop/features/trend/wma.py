"""Linearly weighted moving average: the newest value weighs most."""

from math import nan

from numpy import uint64

from tradeloop.features.base import (
    Family,
    Feature,
    Source,
    positive_rows,
    suffix,
)
from tradeloop.fold import Float, kernel


@kernel("value", state=4, params=2)
def _wma(state: Float, ring: Float, params: tuple[float, float], x: float) -> float:
    # Weighted sums of blocks, as in features/window.py: what the window holds of the
    # block before weighs from 1 up; what it holds of this block comes above that.
    n, scale = params
    here = uint64(state[0])
    ring[here] = x
    pos = state[0] + 1.0
    plain, heavy = state[1] + x, state[2] + pos * x
    if pos == n:
        below = weighted = 0.0
        for k in range(uint64(n)):
            below += ring[here - k]
            weighted += below  # every later value moves one weight up
            ring[here - k] = weighted
        state[0], state[1], state[2], state[3] = 0.0, 0.0, 0.0, 1.0
        return heavy * scale  # type: ignore[no-any-return]
    state[0], state[1], state[2] = pos, plain, heavy
    if state[3] == 0.0:
        return nan
    return (heavy + (n - pos) * plain + ring[here + uint64(1)]) * scale  # type: ignore[no-any-return]


def wma(x: Source, n: int) -> Feature:
    """Mean of n values with the weights 1 (oldest) to n, in the unit of ``x``."""
    n = positive_rows(n, "wma")
    return Feature(
        f"wma_{n}{suffix(x, 'close')}",
        FAMILY,
        (x,),
        (n, 2 / (n * (n + 1))),
        ring=n,
        warm_up=(n - 1,),
        look_back=n - 1,
    )


FAMILY = Family(
    name="wma",
    category="technical",
    kernel=_wma,
    formula="sum(k * x[t - n + k], k = 1 .. n) / (n * (n + 1) / 2)",
    unit="unit of x",
    reference="TA-Lib WMA",
    build=wma,
    examples=(("close", 20), ("close", 2), ("volume", 5)),
    price_degree=(1,),
)
