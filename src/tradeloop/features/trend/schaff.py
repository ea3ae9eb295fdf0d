"""Schaff trend cycle: place of the MACD line in its range, twice, smoothed."""

from tradeloop.features.arithmetic.difference import difference
from tradeloop.features.base import Column, Family, Feature, Source
from tradeloop.features.rolling.extremes import extremes
from tradeloop.features.trend.blend import titled
from tradeloop.features.trend.ema import ema
from tradeloop.fold import Float, kernel


@kernel("value", state=3, params=1)
def _schaff(
    state: Float, params: tuple[float], x: float, highest: float, lowest: float
) -> float:
    # state: started, last place, smoothed place
    wide = highest - lowest
    place = 100.0 * ((x - lowest) / wide) if wide > 0.0 else state[1]
    if state[0] == 0.0:
        state[0] = 1.0
        if not wide > 0.0:
            place = 50.0
        state[2] = place
    state[1] = place
    state[2] += params[0] * (place - state[2])
    return state[2]  # type: ignore[no-any-return]


def schaff(
    name: str, x: Source, highest: Source, lowest: Source, weight: float = 0.5
) -> Feature:
    """Place of ``x`` between two columns, 0 to 100, as a mean with a fixed weight.

    Where the range is empty the place before holds, and 50 at the start.
    """
    inputs = (x, highest, lowest)
    return Feature(name, FAMILY, inputs, (weight,), warm_up=(0,), look_back=None)


def place_in_window(name: str, x: Column, n: int, weight: float = 0.5) -> Feature:
    """`schaff` of ``x`` in its own range of n rows."""
    window = extremes(n, x, x)
    return schaff(name, x, window["highest"], window["lowest"], weight)


def macd_line(fast: int, slow: int) -> Feature:
    """Difference of two exponential means of the close, each seeded by itself."""
    means = (ema("close", n).columns[0] for n in (fast, slow))
    return titled(difference(*means), f"ema_{fast}_less_{slow}")


def schaff_cycle(n: int = 10, fast: int = 23, slow: int = 50) -> Feature:
    """Schaff trend cycle, 0 to 100: the MACD line's place in n rows, taken twice."""
    name = f"schaff_{n}_{fast}_{slow}"
    line = macd_line(fast, slow).columns[0]
    once = place_in_window(f"{name}_once", line, n)
    return place_in_window(name, once.columns[0], n)


FAMILY = Family(
    name="schaff",
    category="technical",
    kernel=_schaff,
    formula="m[t] = m[t-1] + w * (place - m[t-1]), "
    "place = 100 * (x - lowest) / (highest - lowest)",
    unit="0 to 100; 50 where nothing moved yet",
    reference="Schaff 1999: the trend cycle is this on the MACD line and again on that",
    build=schaff,
    examples=(
        ("once", "close", "high", "low"),
        ("plain", "open", "high", "low", 1.0),
    ),
)
