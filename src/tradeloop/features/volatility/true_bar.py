"""True high and low of a bar: joined to the close before it."""

from math import nan

from tradeloop.features.base import Family, Feature
from tradeloop.fold import Float, kernel


@kernel("high", "low", state=2)
def _true_bar(
    state: Float, high: float, low: float, close: float
) -> tuple[float, float]:
    started, prev = state[0], state[1]
    state[0], state[1] = 1.0, close
    if started == 0.0:
        return nan, nan
    return max(high, prev), min(low, prev)


def true_bar() -> Feature:
    """Columns ``high`` and ``low``, in price units; `true_range` is between them."""
    return Feature(
        "true_bar", FAMILY, ("high", "low", "close"), warm_up=(1, 1), look_back=1
    )


FAMILY = Family(
    name="true_bar",
    category="risk",
    kernel=_true_bar,
    formula="high = max(high, close[t-1]), low = min(low, close[t-1])",
    unit="price",
    reference="Wilder 1978",
    build=true_bar,
    examples=((),),
    price_degree=(1, 1),
)
