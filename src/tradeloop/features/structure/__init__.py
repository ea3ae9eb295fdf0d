"""The shape of bars and the levels that they leave."""

from tradeloop.features.structure import (
    bar_price,
    bar_shape,
    breakout,
    completed_day,
    cusum,
    entropy,
    frac_diff,
    hurst,
    pivots,
    range_position,
    rows_since,
    rows_since_extreme,
    support_resistance,
    swings,
    symbols,
    typical,
    zigzag,
)

ALL = (
    bar_price.FAMILY,
    bar_shape.FAMILY,
    breakout.FAMILY,
    completed_day.FAMILY,
    cusum.FAMILY,
    entropy.FAMILY,
    frac_diff.FAMILY,
    hurst.FAMILY,
    pivots.FAMILY,
    range_position.FAMILY,
    rows_since.FAMILY,
    rows_since_extreme.FAMILY,
    support_resistance.FAMILY,
    swings.FAMILY,
    symbols.FAMILY,
    typical.FAMILY,
    zigzag.FAMILY,
)

__all__ = ["ALL"]
