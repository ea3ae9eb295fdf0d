"""Efficiency ratio: the way made over the way walked."""

from math import nan

from tradeloop.features.base import (
    Family,
    Feature,
    Source,
    positive_rows,
    suffix,
)
from tradeloop.features.window import push_old, push_sum
from tradeloop.fold import Float, kernel


@kernel("value", state=7, params=1)
def _efficiency_ratio(
    state: Float, ring: Float, params: tuple[float], x: float
) -> float:
    (n,) = params
    started, prev = state[5], state[6]
    state[5], state[6] = 1.0, x
    old = push_old(state, ring, 0, 0, n, x)
    if started == 0.0:
        return nan
    path = push_sum(state, ring, 2, n, n, abs(x - prev))
    if path != path:
        return nan
    return min(abs(x - old) / path, 1.0) if path > 0.0 else 0.0


def efficiency_ratio(n: int, x: Source = "close") -> Feature:
    """``abs(x - x[t - n]) / sum(abs(changes))`` over n rows, 0 to 1."""
    n = positive_rows(n, "efficiency_ratio")
    return Feature(
        f"efficiency_ratio_{n}{suffix(x, 'close')}",
        FAMILY,
        (x,),
        (n,),
        ring=2 * n,
        warm_up=(n,),
        look_back=n,
    )


FAMILY = Family(
    name="efficiency_ratio",
    category="technical",
    kernel=_efficiency_ratio,
    formula="abs(x[t] - x[t - n]) / sum(abs(x - x[t-1])) over n rows",
    unit="0 to 1; 0 where nothing moved",
    reference="Kaufman 1995",
    build=efficiency_ratio,
    examples=((10,), (3,)),
)
