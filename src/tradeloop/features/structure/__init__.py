"""The shape of bars and the levels that they leave."""

from tradeloop.features.structure import (
    range_position,
    typical,
)

ALL = (
    range_position.FAMILY,
    typical.FAMILY,
)

__all__ = ["ALL"]
