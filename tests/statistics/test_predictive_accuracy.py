"""Diebold and Mariano's test by plain loops, and its size without skill."""

from math import sqrt
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradeloop.errors import InputError
from tradeloop.statistics.predictive_accuracy import (
    diebold_mariano,
    long_run_variance,
)


def newey_west_oracle(values, lags):
    n, mean = len(values), sum(values) / len(values)
    off = [v - mean for v in values]
    total = sum(v * v for v in off) / n
    for lag in range(1, lags + 1):
        covariance = sum(off[i] * off[i + lag] for i in range(n - lag)) / n
        total += 2 * (1 - lag / (lags + 1)) * covariance
    return total


@given(st.integers(0, 9999), st.integers(3, 60), st.integers(0, 12))
@settings(max_examples=50, deadline=None)
def test_the_statistic_is_mean_over_newey_west_error(seed, rows, lags):
    values = np.random.default_rng(seed).normal(0.2, 1, rows).cumsum() * 0.3
    used = min(lags, rows - 1)
    variance = newey_west_oracle(values.tolist(), used)
    assert long_run_variance(values, lags=used) == pytest.approx(variance, rel=1e-9)
    found = diebold_mariano(values, lags=lags)
    expected = values.mean() / sqrt(variance / rows)
    assert found.lags == used
    assert found.statistic == pytest.approx(expected, rel=1e-7)
    p_value = 1 - NormalDist().cdf(expected)
    assert found.p_value == pytest.approx(p_value, abs=1e-9)


def test_without_skill_it_rejects_about_as_often_as_it_says():
    draw = np.random.default_rng(1)
    rejected = 0
    for _ in range(600):
        noise = draw.normal(size=409)
        rows = np.convolve(noise, np.ones(10) / 10, mode="valid")
        rejected += diebold_mariano(rows, lags=20).p_value < 0.05
    assert 0.02 < rejected / 600 < 0.1


def test_skill_shows_and_the_sign_says_whose():
    rows = np.random.default_rng(2).normal(0.5, 1, 400)
    assert diebold_mariano(rows, lags=3).p_value < 1e-6
    assert diebold_mariano(-rows, lags=3).p_value > 1 - 1e-6


@pytest.mark.parametrize(
    ("value", "statistic", "p_value"),
    [(0.0, 0.0, 1.0), (0.3, np.inf, 0.0), (-0.3, -np.inf, 1.0)],
)
def test_differences_that_do_not_vary_decide_by_their_sign(value, statistic, p_value):
    found = diebold_mariano(np.full(20, value), lags=2)
    assert (found.statistic, found.p_value) == (statistic, p_value)


@pytest.mark.parametrize(
    ("rows", "lags"), [([1.0, 2.0], 0), ([1.0, np.nan, 2.0], 0), ([1.0] * 5, -1)]
)
def test_rows_that_cannot_be_compared_are_refused(rows, lags):
    with pytest.raises(InputError):
        diebold_mariano(rows, lags=lags)


def test_more_lags_than_rows_are_refused_by_the_variance():
    with pytest.raises(InputError, match="below the 3 rows"):
        long_run_variance([1.0, 2.0, 4.0], lags=3)
