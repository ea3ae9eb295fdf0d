"""Exponentially weighted volatility (RiskMetrics)."""

from math import nan, sqrt

from tradeloop.errors import InputError
from tradeloop.features.arithmetic.log_return import log_return
from tradeloop.features.base import Family, Feature, positive_rows
from tradeloop.fold import Float, kernel


@kernel("value", state=2, params=2)
def _ewma_volatility(state: Float, params: tuple[float, float], change: float) -> float:
    n, keep = params
    square = change * change
    if state[0] == n:
        state[1] = state[1] * keep + square * (1.0 - keep)
        return sqrt(state[1])
    state[0] += 1.0
    state[1] += square
    if state[0] < n:
        return nan
    state[1] /= n
    return sqrt(state[1])


def ewma_volatility(keep: float = 0.94, n: int = 20) -> Feature:
    """Root of the weighted mean of squared log returns, in bps a row.

    ``keep`` is the weight of the past; the first value is the plain mean of n squares.
    """
    n = positive_rows(n, "ewma_volatility")
    if not 0.0 < keep < 1.0:
        raise InputError(
            f"ewma_volatility.keep must lie between 0 and 1, was {keep}.",
            way_out="RiskMetrics takes 0.94 for days.",
        )
    return Feature(
        f"ewma_volatility_{round(keep * 1000)}_{n}_bps",
        FAMILY,
        (log_return(1).columns[0],),
        (n, keep),
        warm_up=(n - 1,),
        look_back=None,
    )


FAMILY = Family(
    name="ewma_volatility",
    category="risk",
    kernel=_ewma_volatility,
    formula="sqrt(v), v[t] = keep * v[t-1] + (1 - keep) * r[t]^2, r log return in bps",
    unit="bps a row",
    reference="RiskMetrics 1996",
    build=ewma_volatility,
    examples=((0.94, 20), (0.8, 5)),
)
