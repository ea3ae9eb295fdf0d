"""Breakout: the close beyond the extremes of the rows before it."""

from tradeloop.features.base import Family, Feature
from tradeloop.features.volatility.donchian_lines import donchian_lines
from tradeloop.fold import kernel


@kernel("value")
def _breakout(close: float, upper: float, lower: float) -> float:
    above = 1.0 if close > upper else 0.0
    return above - (1.0 if close < lower else 0.0)


def breakout(n: int) -> Feature:
    """+1 above the high of the n rows before, -1 below their low, else 0."""
    lines = donchian_lines(n)
    return Feature(
        f"breakout_{n}",
        FAMILY,
        ("close", lines["upper"], lines["lower"]),
        warm_up=(0,),
    )


FAMILY = Family(
    name="breakout",
    category="technical",
    kernel=_breakout,
    formula="(close > highest[t-1]) - (close < lowest[t-1]), extremes over n rows",
    unit="-1, 0 or 1",
    reference="Donchian",
    build=breakout,
    examples=((20,), (5,)),
)
