"""On-balance volume."""

from tradeloop.features.base import Family, Feature
from tradeloop.fold import Float, kernel


@kernel("value", state=3)
def _obv(state: Float, close: float, volume: float) -> float:
    started, prev = state[0], state[1]
    state[0], state[1] = 1.0, close
    signed = volume if close > prev else 0.0
    signed = -volume if close < prev else signed
    state[2] += signed if started == 1.0 else volume
    return state[2]  # type: ignore[no-any-return]


def obv() -> Feature:
    """Sum of volume with the sign of the change of the close, in volume units."""
    return Feature("obv", FAMILY, ("close", "volume"), warm_up=(0,), look_back=None)


FAMILY = Family(
    name="obv",
    category="technical",
    kernel=_obv,
    formula="obv[t-1] + volume * sign(close - close[t-1]); the first row is its volume",
    unit="volume",
    reference="Granville 1963; TA-Lib OBV",
    build=obv,
    examples=((),),
)
