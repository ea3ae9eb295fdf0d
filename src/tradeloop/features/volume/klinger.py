"""Volume force of Klinger's oscillator."""

from math import nan

from tradeloop.features.base import Family, Feature
from tradeloop.fold import Float, kernel


@kernel("value", state=5)
def _klinger(
    state: Float, high: float, low: float, close: float, volume: float
) -> float:
    count, basis, moved = state[0], high + low + close, high - low
    trend = 1.0 if basis > state[1] else -1.0
    run = (state[4] if trend == state[2] else state[3]) + moved
    run = run if count > 1.0 else 0.0
    state[0] = min(count + 1.0, 3.0)
    state[1], state[2], state[3], state[4] = basis, trend, moved, run
    part = abs(moved / run - 1.0) if run > 0.0 else 0.0
    return 200.0 * volume * part * trend if count > 1.0 else nan


def volume_force() -> Feature:
    """Volume with the trend's sign, by how far the trend's ranges exceed the bar's."""
    inputs = "high", "low", "close", "volume"
    return Feature("volume_force", FAMILY, inputs, warm_up=(2,), look_back=None)


FAMILY = Family(
    name="klinger",
    category="technical",
    kernel=_klinger,
    formula="100 * volume * trend * abs(2 * (range / run - 1)); trend +1 if high + low "
    "+ close rose, else -1; run = run[t-1] + range while the trend lasts, else "
    "range[t-1] + range",
    unit="volume; 0 where no bar of the trend had a range",
    reference="Klinger 1997",
    build=volume_force,
    examples=((),),
)
