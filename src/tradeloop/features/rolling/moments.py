"""Mean and standard deviation of a window."""

from math import nan, sqrt

from tradeloop.features.base import (
    Family,
    Feature,
    Source,
    positive_rows,
    suffix,
)
from tradeloop.features.window import push_moments
from tradeloop.fold import Float, kernel


@kernel("mean", "std", state=5, params=2)
def _moments(
    state: Float, ring: Float, params: tuple[float, float], x: float
) -> tuple[float, float]:
    n, scale = params
    total, square, anchor = push_moments(state, ring, n, x)
    if total != total:
        return nan, nan
    mean = total * scale
    return anchor + mean, sqrt(max(square * scale - mean * mean, 0.0))


def moments(x: Source, n: int) -> Feature:
    """Columns ``mean`` and ``std`` (divided by n), in the unit of ``x``."""
    n = positive_rows(n, "moments")
    return Feature(
        f"moments_{n}{suffix(x, 'close')}",
        FAMILY,
        (x,),
        (n, 1 / n),
        ring=2 * n,
        warm_up=(n - 1, n - 1),
        look_back=n - 1,
    )


FAMILY = Family(
    name="moments",
    category="technical",
    kernel=_moments,
    formula="mean = sum(x) / n, std = sqrt(sum((x - mean)^2) / n) over n rows",
    unit="unit of x",
    reference="TA-Lib SMA, STDDEV",
    build=moments,
    examples=(("close", 20), ("volume", 5)),
    price_degree=(1, 1),
)
