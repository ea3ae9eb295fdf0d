"""What trades behind the price."""

from tradeloop.features.volume import (
    mfi,
    obv,
)

ALL = (
    mfi.FAMILY,
    obv.FAMILY,
)

__all__ = ["ALL"]
