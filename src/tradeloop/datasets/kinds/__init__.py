"""The five types of dataset: rows, targets, meaning, one file each."""

from tradeloop.datasets.kinds.base import Documentation, Kind, Labels, Schedule, Target
from tradeloop.datasets.kinds.covariance import covariance_of
from tradeloop.datasets.kinds.realised import realised_volatility
from tradeloop.datasets.kinds.units import ALL, kind_of

__all__ = [
    "ALL",
    "Documentation",
    "Kind",
    "Labels",
    "Schedule",
    "Target",
    "covariance_of",
    "kind_of",
    "realised_volatility",
]
