"""Quotes, trades and the book."""

from tradeloop.features.microstructure import (
    imbalance,
    order_flow,
    spread,
    weighted_mid,
)

ALL = (
    imbalance.FAMILY,
    order_flow.FAMILY,
    spread.FAMILY,
    weighted_mid.FAMILY,
)

__all__ = ["ALL"]
