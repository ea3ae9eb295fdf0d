"""Money flow of a bar: its volume, by where it closed in its range."""

from tradeloop.features.base import Family, Feature
from tradeloop.fold import kernel


@kernel("value")
def _money_flow(high: float, low: float, close: float, volume: float) -> float:
    span = high - low
    return ((close - low) - (high - close)) / span * volume if span > 0.0 else 0.0


def money_flow() -> Feature:
    """``((close - low) - (high - close)) / (high - low) * volume``, volume units."""
    inputs = "high", "low", "close", "volume"
    return Feature("money_flow", FAMILY, inputs, warm_up=(0,))


FAMILY = Family(
    name="money_flow",
    category="technical",
    kernel=_money_flow,
    formula="((close - low) - (high - close)) / (high - low) * volume",
    unit="volume; 0 where the range is empty",
    reference="Chaikin; what TA-Lib AD adds up",
    build=money_flow,
    examples=((),),
)
