"""The effective number of trials at the points where it is known."""

import numpy as np
import pytest

from tradeloop.errors import InputError
from tradeloop.statistics import effective_trials


def orthogonal(rows, trials, seed=1):
    raw = np.random.default_rng(seed).normal(size=(rows, trials))
    return np.linalg.qr(raw - raw.mean(axis=0))[0]


def test_uncorrelated_trials_count_as_many_as_they_are():
    assert effective_trials(orthogonal(300, 40)) == pytest.approx(40, rel=1e-12)


def test_copies_count_as_one_whatever_their_scale_or_side():
    one = orthogonal(300, 1)
    assert effective_trials(np.hstack([one, one * 3, -one])) == pytest.approx(1)


def test_groups_of_copies_count_as_the_groups():
    found = effective_trials(np.repeat(orthogonal(300, 6), 5, axis=1))
    assert found == pytest.approx(6)


def test_equal_correlations_give_the_closed_form():
    # Eigenvalues of N trials that correlate at r: 1 + (N - 1) r once, 1 - r otherwise.
    n, r = 50, 0.5
    base = orthogonal(300, n + 1)
    rows = np.sqrt(r) * base[:, :1] + np.sqrt(1 - r) * base[:, 1:]
    closed = (np.sqrt(1 + (n - 1) * r) + (n - 1) * np.sqrt(1 - r)) ** 2 / n
    assert effective_trials(rows) == pytest.approx(closed)


def test_independent_trials_lose_little_to_the_noise_of_their_sample():
    rows = np.random.default_rng(3).normal(size=(1250, 100))
    assert 97 < effective_trials(rows) < 100


def test_trials_without_returns_or_without_movement_count_as_one_each():
    rows = np.hstack([orthogonal(300, 4), np.zeros((300, 2))])
    assert effective_trials(rows, untold=10) == pytest.approx(16)
    assert effective_trials(np.zeros((300, 2)), untold=1) == 3


def test_returns_that_are_not_finite_are_refused():
    with pytest.raises(InputError, match="must be finite"):
        effective_trials(np.full((9, 2), np.nan))
    with pytest.raises(InputError, match="untold"):
        effective_trials(np.eye(9), untold=-1)
