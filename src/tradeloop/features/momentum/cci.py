"""Commodity channel index."""

from math import nan

from numpy import uint64

from tradeloop.features.base import Family, Feature, positive_rows
from tradeloop.features.structure.typical import typical_price
from tradeloop.features.window import push_sum
from tradeloop.fold import Float, kernel

_NOISE = 1e-12  # a mean of equal values may miss them by its last bits


@kernel("value", state=3, params=2)
def _cci(state: Float, ring: Float, params: tuple[float, float], tp: float) -> float:
    n, scale = params
    size = uint64(n)
    ring[size + uint64(state[0])] = tp  # push_sum sums in its own half
    total = push_sum(state, ring, 0, 0, n, tp)
    if total != total:
        return nan
    mean = total * scale
    a = b = c = d = 0.0  # four chains of additions run side by side
    fours = size // uint64(4)
    for j in range(fours):
        k = size + j * uint64(4)
        a += abs(ring[k] - mean)
        b += abs(ring[k + uint64(1)] - mean)
        c += abs(ring[k + uint64(2)] - mean)
        d += abs(ring[k + uint64(3)] - mean)
    for j in range(fours * uint64(4), size):
        a += abs(ring[size + j] - mean)
    deviation = ((a + b) + (c + d)) * scale
    if deviation <= _NOISE * abs(mean):
        return 0.0
    return (tp - mean) / (0.015 * deviation)  # type: ignore[no-any-return]


def cci(n: int) -> Feature:
    """Typical price from its mean, in 1.5 % of the mean deviation over n rows."""
    n = positive_rows(n, "cci", 2)
    return Feature(
        f"cci_{n}",
        FAMILY,
        (typical_price(),),
        (n, 1 / n),
        ring=2 * n,
        warm_up=(n - 1,),
        look_back=n - 1,
    )


FAMILY = Family(
    name="cci",
    category="technical",
    kernel=_cci,
    formula="(tp - mean(tp)) / (0.015 * mean(abs(tp - mean(tp)))) over n rows",
    unit="1.5 % of the mean absolute deviation; 0 where nothing moved",
    reference="Lambert 1980; TA-Lib CCI",
    build=cci,
    examples=((20,), (5,)),
)
