"""Buying pressure of a bar, a node of the ultimate oscillator."""

from math import nan

from tradeloop.features.base import Family, Feature
from tradeloop.fold import Float, kernel


@kernel("value", state=2)
def _buying_pressure(state: Float, low: float, close: float) -> float:
    started, prev = state[0], state[1]
    state[0], state[1] = 1.0, close
    return close - min(low, prev) if started == 1.0 else nan


def buying_pressure() -> Feature:
    """Rise of the close from the bar's low or the close before, in price units."""
    return Feature(
        "buying_pressure", FAMILY, ("low", "close"), warm_up=(1,), look_back=1
    )


FAMILY = Family(
    name="buying_pressure",
    category="technical",
    kernel=_buying_pressure,
    formula="close - min(low, close[t-1])",
    unit="price",
    reference="Williams 1985; part of TA-Lib ULTOSC",
    build=buying_pressure,
    examples=((),),
    price_degree=(1,),
)
