"""What option prices say."""

from tradeloop.features.base import Family

ALL: tuple[Family, ...] = ()

__all__ = ["ALL"]
