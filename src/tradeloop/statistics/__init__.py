"""Intervals, Sharpe tests, forecast scores, drift and comparison: pure and exact."""

from tradeloop.statistics.comparison import SpaResult, superior_predictive_ability
from tradeloop.statistics.cross_section import DatedCorrelations, dated_correlations
from tradeloop.statistics.drift import population_stability
from tradeloop.statistics.forecast import (
    BrierParts,
    accuracy,
    balanced_accuracy,
    brier_decomposition,
    brier_score,
    log_loss,
    matthews_correlation,
)
from tradeloop.statistics.intervals import Interval, block_bootstrap, wilson
from tradeloop.statistics.maximum import MaximumTest, maximum_test
from tradeloop.statistics.ordering import rank_correlation, roc_auc
from tradeloop.statistics.overfitting import Overfitting, backtest_overfitting
from tradeloop.statistics.permutation import PermutationNull, permutation_null
from tradeloop.statistics.predictive_accuracy import (
    DieboldMariano,
    diebold_mariano,
)
from tradeloop.statistics.reliability import (
    ReliabilityCurve,
    adaptive_calibration_error,
    classwise_calibration_error,
    expected_calibration_error,
    reliability_curve,
)
from tradeloop.statistics.resamples import OfMeans, Resamples
from tradeloop.statistics.sequential import BoundedMean, GaussianMean
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
from tradeloop.statistics.trials import effective_trials

__all__ = [
    "BoundedMean",
    "BrierParts",
    "DatedCorrelations",
    "DeflatedSharpe",
    "DieboldMariano",
    "GaussianMean",
    "Interval",
    "MaximumTest",
    "OfMeans",
    "Overfitting",
    "PermutationNull",
    "ReliabilityCurve",
    "Resamples",
    "SpaResult",
    "accuracy",
    "adaptive_calibration_error",
    "backtest_overfitting",
    "balanced_accuracy",
    "block_bootstrap",
    "brier_decomposition",
    "brier_score",
    "classwise_calibration_error",
    "dated_correlations",
    "deflated_sharpe",
    "deflated_sharpe_of",
    "diebold_mariano",
    "effective_trials",
    "expected_calibration_error",
    "expected_maximum_sharpe",
    "log_loss",
    "matthews_correlation",
    "maximum_test",
    "permutation_null",
    "population_stability",
    "probabilistic_sharpe",
    "probabilistic_sharpe_of",
    "rank_correlation",
    "reliability_curve",
    "roc_auc",
    "sharpe_interval",
    "sharpe_ratio",
    "superior_predictive_ability",
    "wilson",
]
