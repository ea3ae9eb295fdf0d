"""Cycles of the clock: day of the week and time of day as points on a circle."""

from math import cos, pi, sin

from tradeloop.clock import NS_PER_DAY
from tradeloop.features.base import Family, Feature, Source
from tradeloop.fold import Float, kernel

_DAYS, _THURSDAY = 7, 3


@kernel("sin", "cos", state=4, params=2)
def _cycle(state: Float, params: tuple[float, float], x: float) -> tuple[float, float]:
    if state[0] == 1.0 and x == state[1]:  # the same day as the row before
        return state[2], state[3]
    period, phase = params
    angle = 2.0 * pi * (((x + phase) % period) / period)
    state[0], state[1], state[2], state[3] = 1.0, x, sin(angle), cos(angle)
    return state[2], state[3]


def cycle(name: str, x: Source, period: float, phase: float = 0.0) -> Feature:
    """Columns ``sin`` and ``cos`` of the turn that ``x + phase`` made of a period."""
    return Feature(name, FAMILY, (x,), (period, phase), warm_up=(0, 0))


def day_of_week() -> Feature:
    """Day of the week of the event, UTC; Monday stands at angle 0."""
    return cycle("day_of_week", "day", _DAYS, _THURSDAY)  # 1970-01-01 was a Thursday


def time_of_day() -> Feature:
    """Time of day of the event, UTC; midnight stands at angle 0."""
    return cycle("time_of_day", "ns_of_day", NS_PER_DAY)


FAMILY = Family(
    name="cycle",
    category="temporal",
    kernel=_cycle,
    formula="sin and cos of 2 pi * ((x + phase) mod period) / period",
    unit="-1 to 1",
    reference="definition",
    build=cycle,
    examples=(("week", "day", 7, 3), ("clock", "ns_of_day", NS_PER_DAY)),
)
