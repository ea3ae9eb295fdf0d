"""Composed of other columns: ratios, lags, differences, returns."""

from tradeloop.features.arithmetic import (
    above,
    absolute,
    change,
    crossed,
    cumulative,
    difference,
    distance,
    lag,
    level,
    log_price,
    log_return,
    product,
    ratio,
    weighted_sum,
)

ALL = (
    above.FAMILY,
    absolute.FAMILY,
    change.FAMILY,
    crossed.FAMILY,
    cumulative.FAMILY,
    difference.FAMILY,
    distance.FAMILY,
    lag.FAMILY,
    level.FAMILY,
    log_price.FAMILY,
    log_return.FAMILY,
    product.FAMILY,
    ratio.FAMILY,
    weighted_sum.FAMILY,
)

__all__ = ["ALL"]
