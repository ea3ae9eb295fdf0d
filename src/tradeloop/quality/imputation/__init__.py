"""Filling what is missing: never silently, never a label, never what is there."""

from tradeloop.quality.imputation.base import (
    IMPUTED,
    Imputer,
    impute,
    is_label,
)
from tradeloop.quality.imputation.cross_source import CrossSource
from tradeloop.quality.imputation.ewma import Ewma
from tradeloop.quality.imputation.linear import Linear
from tradeloop.quality.imputation.previous import Previous
from tradeloop.quality.imputation.training_median import TrainingMedian, fit_median

__all__ = [
    "IMPUTED",
    "CrossSource",
    "Ewma",
    "Imputer",
    "Linear",
    "Previous",
    "TrainingMedian",
    "fit_median",
    "impute",
    "is_label",
]
