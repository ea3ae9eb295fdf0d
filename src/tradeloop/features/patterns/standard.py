"""The patterns that the catalogue publishes: all of them, and how many there are."""

from tradeloop.features.base import Column, Feature
from tradeloop.features.patterns.more_candles import more_candles
from tradeloop.features.patterns.named import COUNTS
from tradeloop.features.patterns.one_candle import one_candle
from tradeloop.features.patterns.pattern_count import pattern_count
from tradeloop.features.patterns.three_candles import three_candles
from tradeloop.features.patterns.three_with_gap import three_with_gap
from tradeloop.features.patterns.two_candles import two_candles


def standard() -> list[Feature | Column]:
    """List every pattern, by the number of its candles, then both counts."""
    one, two, three = one_candle(), two_candles(), three_candles()
    families = (one, two, three, three_with_gap(), more_candles())
    patterns = [column for family in families for column in family.columns]
    published = [column for column in patterns if column.output not in COUNTS]
    return [*published, *(pattern_count(kind) for kind in COUNTS)]
