"""Composed of other columns: ratios, lags, differences, returns."""

from tradeloop.features.arithmetic import (
    change,
    difference,
    distance,
    lag,
    level,
    log_price,
    log_return,
    ratio,
)

ALL = (
    change.FAMILY,
    difference.FAMILY,
    distance.FAMILY,
    lag.FAMILY,
    level.FAMILY,
    log_price.FAMILY,
    log_return.FAMILY,
    ratio.FAMILY,
)

__all__ = ["ALL"]
