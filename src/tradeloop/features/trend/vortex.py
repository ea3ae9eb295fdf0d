"""Vortex: upward and downward travel between bars, per true range."""

from math import nan

from tradeloop.features.base import Family, Feature, positive_rows
from tradeloop.features.window import push_sum
from tradeloop.fold import Float, kernel


@kernel("plus", "minus", state=13, params=1)
def _vortex(
    state: Float,
    ring: Float,
    params: tuple[float],
    high: float,
    low: float,
    close: float,
) -> tuple[float, float]:
    (n,) = params
    last_high, last_low, last = state[9], state[10], state[11]
    state[9], state[10], state[11] = high, low, close
    if state[12] == 0.0:
        state[12] = 1.0
        return nan, nan
    wide = max(high, last) - min(low, last)
    up = push_sum(state, ring, 0, 0, n, abs(high - last_low))
    down = push_sum(state, ring, 3, n, n, abs(low - last_high))
    walked = push_sum(state, ring, 6, 2.0 * n, n, wide)
    if walked != walked:
        return nan, nan
    if walked == 0.0:
        return 0.0, 0.0
    return up / walked, down / walked


def vortex(n: int) -> Feature:
    """Columns ``plus`` and ``minus`` over n rows, about 1."""
    n = positive_rows(n, "vortex")
    return Feature(
        f"vortex_{n}",
        FAMILY,
        ("high", "low", "close"),
        (n,),
        ring=3 * n,
        warm_up=(n, n),
        look_back=n,
    )


FAMILY = Family(
    name="vortex",
    category="technical",
    kernel=_vortex,
    formula="plus = sum(abs(high - low[t-1])) / sum(true range), "
    "minus = sum(abs(low - high[t-1])) / sum(true range) over n rows",
    unit="ratio; 0 where nothing moved",
    reference="Botes and Siepman 2010; TA-Lib VORTEX",
    build=vortex,
    examples=((14,), (2,)),
)
