"""What a window of any column holds: moments, extremes, ranks, shares."""

from tradeloop.features.rolling import (
    correlation,
    extremes,
    moments,
    percentile,
    root_mean,
    share,
    skew,
    zscore,
)

ALL = (
    correlation.FAMILY,
    extremes.FAMILY,
    moments.FAMILY,
    percentile.FAMILY,
    root_mean.FAMILY,
    share.FAMILY,
    skew.FAMILY,
    zscore.FAMILY,
)

__all__ = ["ALL"]
