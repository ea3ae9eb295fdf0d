"""Place of the close in its own bar."""

from tradeloop.features.base import Family, Feature
from tradeloop.fold import kernel


@kernel("value")
def _range_position(high: float, low: float, close: float) -> float:
    return (close - low) / (high - low) if high > low else 0.5


def range_position() -> Feature:
    """``(close - low) / (high - low)``: 0 closed at the low, 1 at the high."""
    return Feature("range_position", FAMILY, ("high", "low", "close"), warm_up=(0,))


FAMILY = Family(
    name="range_position",
    category="technical",
    kernel=_range_position,
    formula="(close - low) / (high - low)",
    unit="share; 0.5 where the bar is flat",
    reference="definition",
    build=range_position,
    examples=((),),
)
