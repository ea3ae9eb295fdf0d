"""Directional movement of a bar, a node of ADX."""

from math import nan

from tradeloop.features.base import Family, Feature
from tradeloop.fold import Float, kernel


@kernel("plus", "minus", state=3)
def _movement(state: Float, high: float, low: float) -> tuple[float, float]:
    up, down = high - state[1], state[2] - low
    started = state[0]
    state[0], state[1], state[2] = 1.0, high, low
    if started == 0.0:
        return nan, nan
    plus = up if up > 0.0 and up > down else 0.0
    minus = down if down > 0.0 and down > up else 0.0
    return plus, minus


def movement() -> Feature:
    """Columns ``plus`` and ``minus``, in price units."""
    return Feature("movement", FAMILY, ("high", "low"), warm_up=(1, 1), look_back=1)


FAMILY = Family(
    name="movement",
    category="technical",
    kernel=_movement,
    formula="plus = high - high[t-1] if that is above 0 and above low[t-1] - low",
    unit="price",
    reference="Wilder 1978; TA-Lib PLUS_DM, MINUS_DM with a period of 1",
    build=movement,
    examples=((),),
    price_degree=(1, 1),
)
