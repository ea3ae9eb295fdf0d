"""Where in the day and week a bar stands."""

from tradeloop.features.temporal import (
    cycle,
)

ALL = (cycle.FAMILY,)

__all__ = ["ALL"]
