"""Where the price is going."""

from tradeloop.features.trend import (
    adx,
    efficiency_ratio,
    ema,
    linear_regression,
    macd,
    movement,
    sma,
)

ALL = (
    adx.FAMILY,
    efficiency_ratio.FAMILY,
    ema.FAMILY,
    linear_regression.FAMILY,
    macd.FAMILY,
    movement.FAMILY,
    sma.FAMILY,
)

__all__ = ["ALL"]
