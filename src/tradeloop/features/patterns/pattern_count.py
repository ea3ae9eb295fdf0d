"""How many patterns a bar completes, bullish and bearish."""

from tradeloop.features.base import Family, Feature
from tradeloop.features.patterns.candle import REFERENCE
from tradeloop.features.patterns.more_candles import more_candles
from tradeloop.features.patterns.named import COUNTS
from tradeloop.features.patterns.one_candle import one_candle
from tradeloop.features.patterns.three_candles import three_candles
from tradeloop.features.patterns.three_with_gap import three_with_gap
from tradeloop.features.patterns.two_candles import two_candles
from tradeloop.fold import kernel


@kernel("value")
def _pattern_count(
    one: float, two: float, three: float, gap: float, more: float
) -> float:
    return one + two + three + gap + more


def pattern_count(kind: str) -> Feature:
    """Count the patterns of all families that are ``bullish``, or ``bearish``."""
    families = one_candle(), two_candles(), three_candles(), three_with_gap()
    inputs = tuple(family[kind] for family in (*families, more_candles()))
    return Feature(f"pattern_{kind}", FAMILY, inputs, warm_up=(0,))


FAMILY = Family(
    name="pattern_count",
    category="technical",
    kernel=_pattern_count,
    formula="number of patterns above 0 (bullish) or below 0 (bearish), those without "
    "direction left out",
    unit="patterns",
    reference=REFERENCE,
    build=pattern_count,
    examples=tuple((kind,) for kind in COUNTS),
)
