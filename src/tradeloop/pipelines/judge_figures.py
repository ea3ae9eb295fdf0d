"""What else the gate is told of a version: calibration, drift, shuffled forecasts."""

import numpy as np

from tradeloop.errors import InputError
from tradeloop.feedback import CalibrationFigures
from tradeloop.models import rows_per_block
from tradeloop.models.base import CLASSES
from tradeloop.pipelines.judge_candidate import Candidate
from tradeloop.pipelines.lift import log_losses
from tradeloop.statistics import permutation_null, population_stability
from tradeloop.stores import StoredModel

_LEAST_NEWEST = 100  # rows; with fewer a stability index is noise
_CALIBRATED = ("calibration_error", "log_loss", "log_loss_no_skill")


def calibration_of(model: StoredModel) -> CalibrationFigures | None:
    """Figures of the evaluation that it was registered with."""
    metrics = model.record.metrics
    if not set(_CALIBRATED) <= set(metrics):
        return None
    error, loss, no_skill = (metrics[name] for name in _CALIBRATED)
    return CalibrationFigures(error, loss, no_skill)


def drift_of(candidate: Candidate) -> dict[str, float]:
    """Stability index of each column: rows after the training rows against these.

    Missing values are left out. Columns that do not vary in training, or are known in
    too few rows, have none. Empty where fewer than 100 rows came after.
    """
    period_ns = candidate.artefact.meta.training_period_ns
    if period_ns is None:
        return {}
    features = candidate.lesson.features
    decided_ns = candidate.lesson.subject.dataset.decision_ns
    old = (decided_ns >= period_ns[0]) & (decided_ns <= period_ns[1])
    new = decided_ns > period_ns[1]
    found: dict[str, float] = {}
    for column, name in enumerate(candidate.lesson.columns.names):
        before, after = features[old, column], features[new, column]
        before, after = before[np.isfinite(before)], after[np.isfinite(after)]
        if len(after) < _LEAST_NEWEST:
            continue
        try:
            found[name] = population_stability(before, after)
        except InputError:
            continue
    return found


def permutation_of(candidate: Candidate, seed: int) -> float | None:
    """P-value of forecasts that are shuffled against their outcomes.

    The figure is the mean log-likelihood. None where there are too few rows.
    """
    data, rows = candidate.lesson.subject.dataset, candidate.rows
    came = candidate.lesson.direction[rows] - CLASSES[0]
    block = rows_per_block(data.decision_ns[rows], data.end_ns[rows])
    try:
        found = permutation_null(
            lambda chances, classes: -float(log_losses(chances, classes).mean()),
            candidate.chances,
            came,
            block_rows=block,
            seed=seed,
        )
    except InputError:
        return None
    return found.p_value
