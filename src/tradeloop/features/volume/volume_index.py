"""Negative and positive volume index: the price where volume fell, and rose."""

from tradeloop.features.base import Family, Feature
from tradeloop.fold import Float, kernel

_START = 1000.0


@kernel("negative", "positive", state=5)
def _volume_index(state: Float, close: float, volume: float) -> tuple[float, float]:
    if state[0] == 0.0:
        state[0], state[3], state[4] = 1.0, _START, _START
        state[1], state[2] = close, volume
        return _START, _START
    grown = close / state[1] if state[1] > 0.0 else 1.0
    state[3] *= grown if volume < state[2] else 1.0
    state[4] *= grown if volume > state[2] else 1.0
    state[1], state[2] = close, volume
    return state[3], state[4]


def volume_index() -> Feature:
    """Columns ``negative`` and ``positive``; both begin at 1000."""
    inputs = "close", "volume"
    return Feature("volume_index", FAMILY, inputs, warm_up=(0, 0), look_back=None)


FAMILY = Family(
    name="volume_index",
    category="technical",
    kernel=_volume_index,
    formula="index[t-1] * close / close[t-1] where volume fell (negative) or rose "
    "(positive), else index[t-1]; the first row is 1000",
    unit="1000 at the start",
    reference="Dysart, Fosback 1976; TA-Lib NVI, PVI",
    build=volume_index,
    examples=((),),
)
