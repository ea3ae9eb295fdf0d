"""Place of the close in the Donchian channel of the rows before it."""

from math import nan

from tradeloop.features.base import Family, Feature
from tradeloop.features.rolling.extremes import extremes
from tradeloop.fold import Float, kernel


@kernel("value", state=3)
def _donchian(state: Float, close: float, highest: float, lowest: float) -> float:
    started, top, bottom = state[0], state[1], state[2]
    state[0], state[1], state[2] = 1.0, highest, lowest
    if started == 0.0:
        return nan
    return (close - bottom) / (top - bottom) if top > bottom else 0.5


def donchian(n: int) -> Feature:
    """Place of the close: 0 at the low, 1 at the high of the n rows before.

    Above 1 or below 0 the close has left the channel.
    """
    span = extremes(n)
    return Feature(
        f"donchian_{n}",
        FAMILY,
        ("close", span["highest"], span["lowest"]),
        warm_up=(1,),
        look_back=1,
    )


FAMILY = Family(
    name="donchian",
    category="technical",
    kernel=_donchian,
    formula="(close - lowest[t-1]) / (highest[t-1] - lowest[t-1])",
    unit="share of the channel; 0.5 where it is empty",
    reference="Donchian; the channel ends one row before, so a breakout shows",
    build=donchian,
    examples=((20,), (5,)),
)
