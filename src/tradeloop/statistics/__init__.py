"""Intervals, Sharpe tests, forecast scores, drift and comparison: pure and exact."""

from tradeloop.statistics.comparison import SpaResult, superior_predictive_ability
from tradeloop.statistics.drift import population_stability
from tradeloop.statistics.forecast import (
    BrierParts,
    accuracy,
    balanced_accuracy,
    brier_decomposition,
    brier_score,
    log_loss,
)
from tradeloop.statistics.intervals import Interval, block_bootstrap, wilson
from tradeloop.statistics.reliability import (
    ReliabilityCurve,
    adaptive_calibration_error,
    expected_calibration_error,
    reliability_curve,
)
from tradeloop.statistics.sharpe import (
    DeflatedSharpe,
    deflated_sharpe,
    deflated_sharpe_of,
    expected_maximum_sharpe,
    probabilistic_sharpe,
    probabilistic_sharpe_of,
    sharpe_interval,
    sharpe_ratio,
)

__all__ = [
    "BrierParts",
    "DeflatedSharpe",
    "Interval",
    "ReliabilityCurve",
    "SpaResult",
    "accuracy",
    "adaptive_calibration_error",
    "balanced_accuracy",
    "block_bootstrap",
    "brier_decomposition",
    "brier_score",
    "deflated_sharpe",
    "deflated_sharpe_of",
    "expected_calibration_error",
    "expected_maximum_sharpe",
    "log_loss",
    "population_stability",
    "probabilistic_sharpe",
    "probabilistic_sharpe_of",
    "reliability_curve",
    "sharpe_interval",
    "sharpe_ratio",
    "superior_predictive_ability",
    "wilson",
]
