"""Wilder's volatility system: a stop some true ranges off the best close."""

from math import nan

from tradeloop.errors import InputError
from tradeloop.features.base import Family, Feature
from tradeloop.features.trend.blend import figure
from tradeloop.features.volatility.true_range import atr
from tradeloop.fold import Float, kernel


@kernel("value", "direction", state=4, params=1)
def _volatility_stop(
    state: Float, params: tuple[float], close: float, width: float
) -> tuple[float, float]:
    # state: started, width of the row before, best close, side
    side, best, reach = state[3], state[2], params[0] * state[1]
    state[1] = width
    if state[0] == 0.0:
        state[0], state[2], state[3] = 1.0, close, 1.0
        return nan, nan
    stop = best - side * reach
    if side * (close - stop) < 0.0:
        side, best = -side, close
    else:
        best = max(best, close) if side > 0.0 else min(best, close)
    state[2], state[3] = best, side
    return stop, side


def volatility_stop(n: int, multiple: float = 3.0) -> Feature:
    """Columns ``value`` (price units) and ``direction`` (+1 or -1) after the close.

    Parameters
    ----------
    n : int
        Rows of the average true range.
    multiple : float
        Distance of the stop from the best close since the last turn, in true ranges
        known one row before.
    """
    if not multiple > 0.0:
        raise InputError(
            f"A stop needs a distance above 0, had {multiple}.",
            way_out="The usual one is 3.",
            source="volatility_stop",
        )
    return Feature(
        f"volatility_stop_{n}_{figure(multiple)}",
        FAMILY,
        ("close", atr(n).columns[0]),
        (multiple,),
        warm_up=(1, 1),
        look_back=None,
    )


FAMILY = Family(
    name="volatility_stop",
    category="technical",
    kernel=_volatility_stop,
    formula="value = best close since the turn -/+ m * width[t-1]; a close beyond it "
    "turns the side",
    unit="value: price; direction: +1 above the stop, -1 below",
    reference="Wilder 1978; it starts long",
    build=volatility_stop,
    examples=((7, 3.0), (3, 1.0)),
    price_degree=(1, 0),
)
