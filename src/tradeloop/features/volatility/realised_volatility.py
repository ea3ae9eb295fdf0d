"""Realised volatility from close to close."""

from math import sqrt

from tradeloop.features.arithmetic.log_return import log_return
from tradeloop.features.base import Family, Feature, positive_rows
from tradeloop.features.window import push_sum
from tradeloop.fold import Float, kernel


@kernel("value", state=3, params=2)
def _realised(
    state: Float, ring: Float, params: tuple[float, float], change: float
) -> float:
    n, scale = params
    return sqrt(push_sum(state, ring, 0, 0, n, change * change) * scale)


def realised_volatility(n: int) -> Feature:
    """Root mean square of the last n log returns, in bps a row (not annualised)."""
    n = positive_rows(n, "realised_volatility")
    return Feature(
        f"realised_volatility_{n}_bps",
        FAMILY,
        (log_return(1).columns[0],),
        (n, 1 / n),
        ring=n,
        warm_up=(n - 1,),
        look_back=n - 1,
    )


FAMILY = Family(
    name="realised_volatility",
    category="risk",
    kernel=_realised,
    formula="sqrt(sum(r^2) / n), r = 1e4 * ln(close / close[t-1])",
    unit="bps a row",
    reference="Andersen and others 2003; mean taken as 0",
    build=realised_volatility,
    examples=((20,), (5,)),
)
