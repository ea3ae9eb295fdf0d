"""Candlestick patterns."""

from tradeloop.features.base import Family

ALL: tuple[Family, ...] = ()

__all__ = ["ALL"]
