"""Where in the day, week and year a bar stands, and where in the exchange's session."""

from tradeloop.features.temporal import (
    cycle,
    date,
    hour,
)

ALL = (
    cycle.FAMILY,
    date.FAMILY,
    hour.FAMILY,
)

__all__ = ["ALL"]
