"""True range, and its Wilder mean (ATR)."""

from math import nan

from tradeloop.features.base import Family, Feature
from tradeloop.features.trend.ema import wilder
from tradeloop.fold import Float, kernel


@kernel("value", state=2)
def _true_range(state: Float, high: float, low: float, close: float) -> float:
    prev = state[1]
    state[1] = close
    if state[0] == 0.0:
        state[0] = 1.0
        return nan
    return max(high, prev) - min(low, prev)  # type: ignore[no-any-return]


def true_range() -> Feature:
    """Range of the bar joined to the close before it, in price units."""
    return Feature(
        "true_range", FAMILY, ("high", "low", "close"), warm_up=(1,), look_back=1
    )


def atr(n: int) -> Feature:
    """Average true range: Wilder mean over n rows, in price units."""
    return wilder(true_range().columns[0], n)


FAMILY = Family(
    name="true_range",
    category="risk",
    kernel=_true_range,
    formula="max(high, close[t-1]) - min(low, close[t-1])",
    unit="price",
    reference="Wilder 1978; TA-Lib TRANGE",
    build=true_range,
    examples=((),),
    price_degree=(1,),
)
