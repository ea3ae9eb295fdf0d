"""The Sharpe ratio and its tests, against the published example."""

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.statistics import expected_maximum_oracle, psr_oracle
from tradeloop.errors import InputError
from tradeloop.statistics import (
    deflated_sharpe,
    deflated_sharpe_of,
    expected_maximum_sharpe,
    probabilistic_sharpe,
    probabilistic_sharpe_of,
    sharpe_interval,
    sharpe_ratio,
)

# Bailey and Lopez de Prado (2014), JPM 40(5), numerical example: annual Sharpe ratio
# 2.5 over 1250 days of 250 a year, 100 trials whose annual ratios have variance 0.5.
EXAMPLE = {
    "periods": 1250,
    "skewness": -3.0,
    "trials": 100,
    "sharpe_variance": 0.5 / 250,
}
RATIO = 2.5 / sqrt(250)
RETURNS = np.random.default_rng(1).standard_t(4, 600) * 0.01 + 0.0006


def test_the_published_example_gives_its_threshold_and_its_probability():
    found = deflated_sharpe_of(RATIO, kurtosis=10.0, **EXAMPLE)
    assert round(found.threshold_per_period, 4) == 0.1132
    assert round(found.probability, 4) == 0.9004


def test_the_excess_kurtosis_slip_would_give_another_figure():
    skewed = {**EXAMPLE, "skewness": -2.4}  # an excess of 7 is impossible at skew -3
    right = deflated_sharpe_of(RATIO, kurtosis=10.0, **skewed).probability
    slip = deflated_sharpe_of(RATIO, kurtosis=7.0, **skewed).probability
    assert slip > right + 0.001


def test_a_kurtosis_that_no_distribution_has_is_taken_for_the_excess_one():
    with pytest.raises(InputError, match="not the excess one"):
        deflated_sharpe_of(RATIO, kurtosis=7.0, **EXAMPLE)
    with pytest.raises(InputError, match="not the excess one"):
        probabilistic_sharpe_of(
            0.1, periods=50, skewness=0, kurtosis=0, benchmark_sharpe_per_period=0
        )


def test_returns_equal_the_formula_term_by_term_with_the_raw_kurtosis():
    for bar in (-0.1, 0.0, 0.02, 0.1):
        found = probabilistic_sharpe(RETURNS, bar)
        assert found == pytest.approx(psr_oracle(RETURNS.tolist(), bar), rel=1e-12)


def test_returns_and_their_moments_give_the_same_deflated_ratio():
    centred = RETURNS - RETURNS.mean()
    found = deflated_sharpe(RETURNS, trials=30, sharpe_variance=0.001)
    moments = deflated_sharpe_of(
        RETURNS.mean() / RETURNS.std(ddof=1),
        periods=len(RETURNS),
        skewness=np.mean(centred**3) / np.mean(centred**2) ** 1.5,
        kurtosis=np.mean(centred**4) / np.mean(centred**2) ** 2,
        trials=30,
        sharpe_variance=0.001,
    )
    assert found.probability == pytest.approx(moments.probability, rel=1e-12)
    assert found.threshold_per_period == moments.threshold_per_period


@given(st.integers(2, 10_000), st.floats(0, 1))
def test_the_threshold_equals_the_formula(trials, variance):
    found = expected_maximum_sharpe(trials, variance)
    assert found == pytest.approx(expected_maximum_oracle(trials, variance), rel=1e-12)


def test_the_threshold_is_near_the_mean_of_simulated_maxima():
    best = np.random.default_rng(1).normal(0, 0.2, (20_000, 50)).max(axis=1)
    assert expected_maximum_sharpe(50, 0.04) == pytest.approx(best.mean(), rel=0.02)


def test_one_trial_is_not_deflated():
    found = deflated_sharpe(RETURNS, trials=1, sharpe_variance=0.5)
    assert found.threshold_per_period == 0.0
    assert found.probability == probabilistic_sharpe(RETURNS, 0.0)


def test_more_trials_never_make_one_surer():
    found = [
        deflated_sharpe(RETURNS, trials=n, sharpe_variance=0.001).probability
        for n in (1, 2, 5, 20, 100, 1000)
    ]
    assert found == sorted(found, reverse=True)


def test_at_the_benchmark_itself_the_probability_is_one_half():
    ratio = RETURNS.mean() / RETURNS.std(ddof=1)
    assert probabilistic_sharpe(RETURNS, ratio) == pytest.approx(0.5, abs=1e-12)


def test_the_ratio_is_annualised_by_the_root_of_the_periods():
    daily = RETURNS.mean() / RETURNS.std(ddof=1)
    found = sharpe_ratio(RETURNS, periods_per_year=252)
    assert found == pytest.approx(daily * sqrt(252), rel=1e-15)


@given(st.floats(1e-3, 1e3))
def test_the_ratio_does_not_change_with_leverage_and_turns_with_the_side(scale):
    found = sharpe_ratio(RETURNS * scale, periods_per_year=252)
    assert found == pytest.approx(sharpe_ratio(RETURNS, periods_per_year=252))
    assert sharpe_ratio(-RETURNS, periods_per_year=252) == pytest.approx(-found)


def test_the_interval_holds_the_ratio_and_is_the_same_for_the_same_seed():
    terms = {"periods_per_year": 252, "block_rows": 10, "seed": 5, "repeats": 300}
    found = sharpe_interval(RETURNS, **terms)
    assert found.value == sharpe_ratio(RETURNS, periods_per_year=252)
    assert found.low < found.value < found.high
    assert sharpe_interval(RETURNS, **terms) == found


def test_the_interval_is_about_as_wide_as_theory_says():
    rows = np.random.default_rng(3).normal(0.05, 1, 2000)
    found = sharpe_interval(
        rows, periods_per_year=1, block_rows=1, seed=1, repeats=1000
    )
    assert found.high - found.low == pytest.approx(2 * 1.96 / sqrt(2000), rel=0.1)


@pytest.mark.parametrize("returns", [[0.01] * 9, [0.0] * 9, [0.1 + 1e-18] * 5])
def test_returns_that_do_not_vary_have_no_ratio(returns):
    with pytest.raises(InputError, match="must vary"):
        sharpe_ratio(np.array(returns), periods_per_year=252)
    with pytest.raises(InputError, match="must vary"):
        probabilistic_sharpe(np.array(returns), 0.0)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_a_return_that_is_not_finite_is_refused(wrong):
    with pytest.raises(InputError, match="row 1"):
        sharpe_ratio(np.array([0.1, wrong, 0.2]), periods_per_year=252)


def test_too_few_returns_are_refused():
    with pytest.raises(InputError, match="at least 2 rows"):
        sharpe_ratio(np.array([0.1]), periods_per_year=252)
    with pytest.raises(InputError, match="at least 3 rows"):
        probabilistic_sharpe(np.array([0.1, 0.2]), 0.0)


@pytest.mark.parametrize(("trials", "variance"), [(0, 1.0), (2, -1.0), (2, np.nan)])
def test_trials_that_cannot_be_are_refused(trials, variance):
    with pytest.raises(InputError):
        expected_maximum_sharpe(trials, variance)


def test_periods_per_year_must_be_above_0():
    with pytest.raises(InputError, match="periods_per_year"):
        sharpe_ratio(RETURNS, periods_per_year=0)
