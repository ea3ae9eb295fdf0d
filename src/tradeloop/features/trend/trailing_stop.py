"""A stop that follows the price at some true ranges: SuperTrend, ATR stop."""

from tradeloop.errors import InputError
from tradeloop.features.base import Family, Feature, Source
from tradeloop.features.trend.blend import figure, median_price
from tradeloop.features.volatility.true_range import atr
from tradeloop.fold import Float, kernel


@kernel("value", "direction", state=5, params=1)
def _trailing_stop(
    state: Float, params: tuple[float], x: float, close: float, width: float
) -> tuple[float, float]:
    # state: started, last close, ceiling, floor, side
    reach = params[0] * width
    ceiling, floor = x + reach, x - reach
    if state[0] == 0.0:
        state[0], state[4] = 1.0, 1.0
    else:
        if ceiling >= state[2] and state[1] <= state[2]:
            ceiling = state[2]
        if floor <= state[3] and state[1] >= state[3]:
            floor = state[3]
    state[1], state[2], state[3] = close, ceiling, floor
    stop = floor if state[4] > 0.0 else ceiling
    state[4] = -1.0 if close <= stop else 1.0
    return floor if state[4] > 0.0 else ceiling, state[4]


def trailing_stop(
    name: str, x: Source, width: Source, multiple: float, close: Source = "close"
) -> Feature:
    """Columns ``value`` (price units) and ``direction`` (+1 or -1) of a stop.

    It starts long, as in TA-Lib.

    Parameters
    ----------
    name : str
        Name of the feature.
    x : str or Column
        Price that the stop hangs on.
    width : str or Column
        What the distance is counted in, such as the average true range.
    multiple : float
        Distance of the stop.
    close : str or Column
        Price that crosses the stop.
    """
    if not multiple > 0.0:
        raise InputError(
            f"A stop needs a distance above 0, had {multiple}.",
            way_out="The usual one is 3.",
            source=name,
        )
    return Feature(
        name,
        FAMILY,
        (x, close, width),
        (multiple,),
        warm_up=(0, 0),
        look_back=None,
    )


def supertrend(n: int, multiple: float = 3.0) -> Feature:
    """Stop ``multiple`` ATRs over n rows off the middle of the bar."""
    name = f"supertrend_{n}_{figure(multiple)}"
    return trailing_stop(name, median_price(), atr(n).columns[0], multiple)


def atr_stop(n: int, multiple: float = 3.0) -> Feature:
    """Stop ``multiple`` ATRs over n rows off the close."""
    name = f"atr_stop_{n}_{figure(multiple)}"
    return trailing_stop(name, "close", atr(n).columns[0], multiple)


FAMILY = Family(
    name="trailing_stop",
    category="technical",
    kernel=_trailing_stop,
    formula="floor = x - m * width, never lower while the close stays above; ceiling = "
    "x + m * width, never higher while it stays below; value = the one that holds",
    unit="value: price; direction: +1 above the stop, -1 below",
    reference="Seban (SuperTrend); TA-Lib SUPERTREND",
    build=trailing_stop,
    examples=(
        ("stop_true", "close", atr(14).columns[0], 3.0),
        ("stop_near", "open", atr(2).columns[0], 0.5),
    ),
    price_degree=(1, 0),
)
