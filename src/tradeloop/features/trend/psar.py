"""Parabolic stop and reverse."""

from math import nan

from tradeloop.errors import InputError
from tradeloop.features.base import Family, Feature
from tradeloop.features.trend.blend import figure
from tradeloop.fold import Float, inline, kernel


@inline
def _begin(state: Float, high: float, low: float, step: float) -> None:
    """Take the side of the first movement; the stop is the far end of the bar before.

    TA-Lib then takes the second bar for the one before it, too.
    """
    up, down = high - state[5], state[6] - low
    if down > 0.0 and down > up:
        state[1], state[2], state[3] = -1.0, -state[5], -low
    else:
        state[1], state[2], state[3] = 1.0, state[6], high
    state[0], state[4], state[5], state[6] = 2.0, step, high, low


@kernel("value", "direction", state=7, params=2)
def _psar(
    state: Float, params: tuple[float, float], high: float, low: float
) -> tuple[float, float]:
    # A short position is a long one in mirrored prices, so one side is written down.
    # state: rows, side, stop and extreme (mirrored if short), speed, last high and low
    step, most = params
    if state[0] == 0.0:
        state[0], state[5], state[6] = 1.0, high, low
        return nan, nan
    if state[0] == 1.0:
        _begin(state, high, low, step)
    side, stop, extreme, speed = state[1], state[2], state[3], state[4]
    if side > 0.0:
        top, bottom, last_top, last_bottom = high, low, state[5], state[6]
    else:
        top, bottom, last_top, last_bottom = -low, -high, -state[6], -state[5]
    state[5], state[6] = high, low
    if bottom <= stop:
        reached = max(extreme, last_top, top)
        after = max(reached + step * (bottom - reached), last_top, top)
        state[1], state[2], state[3], state[4] = -side, -after, -bottom, step
        return side * reached, -side
    if top > extreme:
        extreme, speed = top, min(speed + step, most)
    after = min(stop + speed * (extreme - stop), last_bottom, bottom)
    state[2], state[3], state[4] = after, extreme, speed
    return side * stop, side


def psar(step: float = 0.02, most: float = 0.2) -> Feature:
    """Columns ``value`` (the stop, in price units) and ``direction`` (+1 or -1).

    Parameters
    ----------
    step : float
        What a new extreme adds to the speed of the stop.
    most : float
        Highest speed.
    """
    if not 0.0 < step <= most <= 1.0:
        raise InputError(
            f"psar needs 0 < step <= most <= 1, had {step} and {most}.",
            way_out="The usual ones are 0.02 and 0.2.",
            source="psar",
        )
    usual = "" if (step, most) == (0.02, 0.2) else f"_{figure(step)}_{figure(most)}"
    return Feature(
        f"psar{usual}",
        FAMILY,
        ("high", "low"),
        (step, most),
        warm_up=(1, 1),
        look_back=None,
    )


FAMILY = Family(
    name="psar",
    category="technical",
    kernel=_psar,
    formula="stop[t+1] = stop[t] + speed * (extreme - stop[t]), never inside the last "
    "two bars; a bar that touches it turns the side",
    unit="value: price; direction: +1 above the stop, -1 below",
    reference="Wilder 1978; TA-Lib SAR",
    build=psar,
    examples=((), (0.05, 0.1)),
    price_degree=(1, 0),
)
