"""How fast the price goes there."""

from tradeloop.features.momentum import (
    buying_pressure,
    cci,
    fisher,
    mcginley,
    rate_of_change,
    rsi,
    stochastic,
    streak,
    williams_r,
)

ALL = (
    buying_pressure.FAMILY,
    cci.FAMILY,
    fisher.FAMILY,
    mcginley.FAMILY,
    rate_of_change.FAMILY,
    rsi.FAMILY,
    stochastic.FAMILY,
    streak.FAMILY,
    williams_r.FAMILY,
)

__all__ = ["ALL"]
