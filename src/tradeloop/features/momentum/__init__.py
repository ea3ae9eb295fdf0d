"""How fast the price goes there."""

from tradeloop.features.momentum import (
    cci,
    rsi,
    stochastic,
    williams_r,
)

ALL = (
    cci.FAMILY,
    rsi.FAMILY,
    stochastic.FAMILY,
    williams_r.FAMILY,
)

__all__ = ["ALL"]
