"""Candlestick patterns."""

from tradeloop.features.patterns import (
    candle,
    more_candles,
    one_candle,
    pattern_count,
    three_candles,
    three_with_gap,
    two_candles,
)

ALL = (
    candle.FAMILY,
    more_candles.FAMILY,
    one_candle.FAMILY,
    pattern_count.FAMILY,
    three_candles.FAMILY,
    three_with_gap.FAMILY,
    two_candles.FAMILY,
)

__all__ = ["ALL"]
