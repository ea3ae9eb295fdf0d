"""Fisher transform of the place of a price in its range."""

from math import log, nan

from tradeloop.features.base import Family, Feature, Source, name_of, suffix
from tradeloop.features.rolling.extremes import extremes
from tradeloop.features.trend.blend import median_price
from tradeloop.fold import Float, kernel

_LIMIT, _CAPPED = 0.99, 0.999  # Ehlers': the logarithm has no value at 1


@kernel("value", "trigger", state=3)
def _fisher(
    state: Float, x: float, highest: float, lowest: float
) -> tuple[float, float]:
    span = highest - lowest
    place = (x - lowest) / span - 0.5 if span > 0.0 else 0.0
    smooth = 0.66 * place + 0.67 * state[1]
    smooth = _CAPPED if smooth > _LIMIT else smooth
    smooth = -_CAPPED if smooth < -_LIMIT else smooth
    trigger = state[2] if state[0] == 1.0 else nan
    value = 0.5 * log((1.0 + smooth) / (1.0 - smooth)) + 0.5 * state[2]
    state[0], state[1], state[2] = 1.0, smooth, value
    return value, trigger


def fisher(n: int, x: Source | None = None) -> Feature:
    """Columns ``value`` and ``trigger`` (the value before); of the median price."""
    x = x or median_price()
    span = extremes(n, x, x)
    return Feature(
        f"fisher_{n}{suffix(x, name_of(median_price()))}",
        FAMILY,
        (x, span["highest"], span["lowest"]),
        warm_up=(0, 1),
        look_back=None,
    )


FAMILY = Family(
    name="fisher",
    category="technical",
    kernel=_fisher,
    formula="v = 0.66 * ((x - lowest) / (highest - lowest) - 0.5) + 0.67 * v[t-1], "
    "within 0.999; value = atanh(v) + 0.5 * value[t-1]; trigger = value[t-1]",
    unit="none; the place counts as the middle where the range is empty",
    reference="Ehlers 2002; starts with the first full range, from 0",
    build=fisher,
    examples=((10,), (4, "close")),
)
