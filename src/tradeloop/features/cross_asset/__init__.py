"""What other instruments say."""

from tradeloop.features.cross_asset import (
    aligned,
    capture,
    lead_lag,
    pair_regression,
)

ALL = (
    aligned.FAMILY,
    capture.FAMILY,
    lead_lag.FAMILY,
    pair_regression.FAMILY,
)

__all__ = ["ALL"]
