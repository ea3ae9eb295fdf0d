"""How far the price swings."""

from tradeloop.features.volatility import (
    bollinger,
    donchian,
    ewma_volatility,
    range_volatility,
    realised_volatility,
    true_range,
)

ALL = (
    bollinger.FAMILY,
    donchian.FAMILY,
    ewma_volatility.FAMILY,
    range_volatility.FAMILY,
    realised_volatility.FAMILY,
    true_range.FAMILY,
)

__all__ = ["ALL"]
