"""Scores of probabilities: plain loops, known cases, exact identities."""

from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, brier_score_loss
from sklearn.metrics import log_loss as sklearn_log_loss

from reference.statistics import brier_oracle, log_loss_oracle
from tradeloop.errors import InputError
from tradeloop.statistics import (
    accuracy,
    balanced_accuracy,
    brier_decomposition,
    brier_score,
    log_loss,
)

SCORES = [log_loss, brier_score, accuracy, balanced_accuracy, brier_decomposition]


def forecast(seed, rows=200, classes=3, *, digits=None):
    generator = np.random.default_rng(seed)
    p = generator.dirichlet(np.ones(classes), rows)
    if digits is not None:
        p = np.round(p * digits) / digits
        p[:, 0] = 1 - p[:, 1:].sum(axis=1)
        p = np.clip(p, 0, 1)
        p /= p.sum(axis=1, keepdims=True)
    return p, generator.integers(0, classes, rows)


@given(st.integers(0, 10_000), st.integers(2, 5))
@settings(max_examples=50, deadline=None)
def test_scores_equal_plain_loops(seed, classes):
    p, y = forecast(seed, 60, classes)
    assert brier_score(p, y) == pytest.approx(brier_oracle(p.tolist(), y.tolist()))
    assert log_loss(p, y) == pytest.approx(log_loss_oracle(p.tolist(), y.tolist()))


def test_scores_equal_those_of_scikit_learn():
    p, y = forecast(3)
    assert log_loss(p, y) == pytest.approx(sklearn_log_loss(y, p), rel=1e-12)
    found = balanced_accuracy_score(y, p.argmax(axis=1))
    assert balanced_accuracy(p, y) == pytest.approx(found, rel=1e-12)
    p, y = forecast(4, classes=2)
    # scikit-learn looks at one class of two; Brier's own form adds both.
    assert brier_score(p, y) == pytest.approx(2 * brier_score_loss(y, p[:, 1]))


def test_a_perfect_forecast_scores_nothing_and_a_wrong_one_the_worst():
    p = np.eye(3)
    assert brier_score(p, [0, 1, 2]) == 0
    assert log_loss(p, [0, 1, 2]) == 0
    assert accuracy(p, [0, 1, 2]) == 1
    assert brier_score(p, [1, 2, 0]) == 2
    assert log_loss(p, [1, 2, 0]) == pytest.approx(36.0437, abs=1e-4)
    assert accuracy(p, [1, 2, 0]) == 0


def test_saying_nothing_costs_the_log_of_the_number_of_classes():
    p = np.full((7, 4), 0.25)
    assert log_loss(p, [0, 1, 2, 3, 0, 1, 2]) == pytest.approx(log(4))


def test_always_naming_the_majority_has_the_balanced_accuracy_of_no_skill():
    p = np.tile([0.9, 0.05, 0.05], (10, 1))
    y = [0] * 8 + [1, 2]
    assert accuracy(p, y) == 0.8
    assert balanced_accuracy(p, y) == pytest.approx(1 / 3)


def test_of_equal_probabilities_the_first_class_counts():
    assert accuracy([[0.5, 0.5]], [0]) == 1
    assert accuracy([[0.5, 0.5]], [1]) == 0


@given(st.integers(0, 10_000), st.integers(1, 20), st.integers(2, 4))
@settings(max_examples=60, deadline=None)
def test_the_parts_of_the_brier_score_add_up_to_it(seed, bins, classes):
    p, y = forecast(seed, 80, classes)
    parts = brier_decomposition(p, y, bins=bins)
    assert parts.score == pytest.approx(brier_score(p, y), abs=1e-12)
    assert parts.reliability >= 0
    assert 0 <= parts.resolution <= parts.uncertainty + 1e-12


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_with_a_bin_per_value_murphys_three_parts_are_all(seed):
    p, y = forecast(seed, 80, digits=4)
    parts = brier_decomposition(p, y, bins=None)
    assert parts.within_bins == pytest.approx(0, abs=1e-12)
    three = parts.reliability - parts.resolution + parts.uncertainty
    assert three == pytest.approx(brier_score(p, y), abs=1e-12)


def test_murphys_parts_by_hand():
    # Two forecasts of rain: 0.8 (rain on 3 of 4 days) and 0.2 (on 1 of 4).
    p = np.array([[0.2, 0.8]] * 4 + [[0.8, 0.2]] * 4)
    y = np.array([1, 1, 1, 0, 0, 0, 0, 1])
    parts = brier_decomposition(p, y, bins=None)
    assert parts.reliability == pytest.approx(2 * 0.05**2)
    assert parts.resolution == pytest.approx(2 * 0.25**2)
    assert parts.uncertainty == pytest.approx(2 * 0.25)


def test_forecasting_the_base_rates_has_neither_reliability_error_nor_resolution():
    y = np.array([0, 0, 1, 2])
    p = np.tile([0.5, 0.25, 0.25], (4, 1))
    parts = brier_decomposition(p, y)
    assert parts.reliability == pytest.approx(0, abs=1e-15)
    assert parts.resolution == pytest.approx(0, abs=1e-15)
    assert parts.score == pytest.approx(parts.uncertainty)


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize(
    ("p", "y", "told"),
    [
        ([[0.5, 0.6]], [0], "sum to 1"),
        ([[1.2, -0.2]], [0], "lie in 0 to 1"),
        ([[0.5, np.nan]], [0], "must be finite"),
        ([[0.5, 0.5]], [2], "below 2"),
        ([[0.5, 0.5]], [-1], "below 2"),
        ([[0.5, 0.5]], [0.5], "must be whole"),
        ([[0.5, 0.5]], [np.nan], "must be finite"),
        ([[0.5, 0.5]], [0, 1], "rows of probabilities"),
        (np.empty((0, 2)), [], "at least 1 rows"),
        ([0.5, 0.5], [0], "2 axes"),
    ],
)
def test_a_forecast_that_cannot_be_is_refused_by_every_score(score, p, y, told):
    with pytest.raises(InputError, match=told):
        score(p, y)
