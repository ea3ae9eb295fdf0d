"""Kaufman's adaptive moving average: fast where the way is straight."""

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


@kernel("value", state=9, params=3)
def _kama(
    state: Float, ring: Float, params: tuple[float, float, float], x: float
) -> float:
    n, slow, wider = params
    started, prev = state[5], state[6]
    state[5], state[6] = 1.0, x
    old = push_old(state, ring, 0, 0, n, x)
    if started == 0.0:
        return nan
    path = push_sum(state, ring, 2, n, n, abs(x - prev))
    if path != path:
        return nan
    straight = min(abs(x - old) / path, 1.0) if path > 0.0 else 1.0
    weight = straight * wider + slow
    last = prev if state[8] == 0.0 else state[7]
    state[7], state[8] = last + weight * weight * (x - last), 1.0
    return state[7]  # type: ignore[no-any-return]


def kama(x: Source, n: int, fast: int = 2, slow: int = 30) -> Feature:
    """Exponential mean whose weight follows the efficiency ratio over n rows.

    The weight runs from that of ``slow`` to that of ``fast`` rows. It starts from the
    value before its first row; where nothing moved over n rows it is fast: as in
    TA-Lib.
    """
    n = positive_rows(n, "kama")
    first, last = (2 / (positive_rows(m, "kama") + 1) for m in (fast, slow))
    usual = "" if (fast, slow) == (2, 30) else f"_{fast}_{slow}"
    return Feature(
        f"kama_{n}{usual}{suffix(x, 'close')}",
        FAMILY,
        (x,),
        (n, last, first - last),
        ring=2 * n,
        warm_up=(n,),
        look_back=None,
    )


FAMILY = Family(
    name="kama",
    category="technical",
    kernel=_kama,
    formula="m[t] = m[t-1] + w^2 * (x[t] - m[t-1]), w = er * (fast - slow) + slow, "
    "er = efficiency ratio over n rows, fast and slow = 2 / (rows + 1)",
    unit="unit of x",
    reference="Kaufman 1995; TA-Lib KAMA",
    build=kama,
    examples=(("close", 10), ("volume", 3)),
    price_degree=(1,),
)
