"""Sequential tests: valid however often one looks, and able to find what is there."""

import json
from math import exp

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.gate import betting_oracle
from tradeloop.errors import InputError
from tradeloop.statistics import BoundedMean, GaussianMean
from tradeloop.statistics.sequential import _SHARES

LEVEL = 0.1
# Four binomial deviations above 10 % for 300 streams.
ALLOWED = 0.17


def ever(test, draw, streams=300, rows=400):
    """Share of streams in which the test rejects at any of its rows; rows it took."""
    took = []
    for seed in range(streams):
        state = test
        for count, value in enumerate(draw(np.random.default_rng(seed), rows), 1):
            state = state.after(value)
            if state.rejects(LEVEL):
                took.append(count)
                break
    return len(took) / streams, took


@pytest.mark.parametrize("rate", [0.01, 0.2, 0.5])
def test_a_rate_at_its_limit_is_hardly_ever_refused_whenever_one_looks(rate):
    share, _ = ever(BoundedMean(rate), lambda g, n: g.random(n) < rate)
    assert share <= ALLOWED


def test_a_bounded_mean_at_its_limit_is_hardly_ever_refused():
    share, _ = ever(BoundedMean(0.0, -1.0, 1.0), lambda g, n: g.uniform(-1, 1, n))
    assert share <= ALLOWED


def test_values_that_depend_on_the_past_are_allowed():
    def turning(generator, rows):
        """Spread that follows the last value; the mean given the past stays 0."""
        last, found = 0.0, []
        for _ in range(rows):
            last = generator.choice([-1, 1]) * (0.9 if last > 0 else 0.1)
            found.append(last)
        return found

    share, _ = ever(BoundedMean(0.0, -1.0, 1.0), turning)
    assert share <= ALLOWED


def test_a_gaussian_mean_at_its_limit_is_hardly_ever_refused():
    share, _ = ever(GaussianMean(0.5, 2.0, 200), lambda g, n: g.normal(0.5, 2.0, n))
    assert share <= ALLOWED


def test_a_p_value_computed_again_and_again_would_refuse_far_too_often():
    refused = 0
    for seed in range(300):
        rows = np.random.default_rng(seed).normal(size=400)
        count = np.arange(1, 401)
        refused += (rows.cumsum() / np.sqrt(count) > 1.2816).any()
    assert refused / 300 > 0.4


def test_what_is_beyond_the_limit_is_found_about_when_theory_says():
    share, took = ever(BoundedMean(0.01), lambda g, n: g.random(n) < 0.1)
    assert share > 0.99
    assert np.median(took) < 80
    share, took = ever(
        BoundedMean(0.0, -1, 1), lambda g, n: g.normal(0.1, 0.2, n), rows=400
    )
    assert share > 0.99
    assert np.median(took) < 80
    share, took = ever(GaussianMean(0.0, 1.0, 100), lambda g, n: g.normal(0.3, 1, n))
    assert share > 0.99
    assert np.median(took) < 100


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), max_size=40), st.floats(0.02, 0.98))
def test_the_e_value_is_what_the_bets_hold_together(values, limit):
    state = BoundedMean(limit)
    for value in values:
        state = state.after(value)
    held = betting_oracle(values, limit, [b / limit for b in _SHARES])
    assert exp(state.log_e_value) == pytest.approx(held, rel=1e-9)


def test_the_gaussian_e_value_is_the_mixture_of_likelihood_ratios():
    rows = np.random.default_rng(1).normal(0.3, 1, 50)
    state = GaussianMean(0.0, 1.0, 80)
    for value in rows:
        state = state.after(value)
    precision = 10.0  # typical_rows sigma^2 / 8
    weights = np.linspace(0, 6, 200_001)
    density = (
        2 * np.sqrt(precision / (2 * np.pi)) * np.exp(-(weights**2) * precision / 2)
    )
    ratio = np.exp(weights * rows.sum() - weights**2 * 50 / 2)
    mixed = np.trapezoid(density * ratio, weights)
    assert exp(state.log_e_value) == pytest.approx(mixed, rel=1e-6)


def test_bounds_of_any_place_and_width_give_the_same_evidence():
    values = np.random.default_rng(2).random(50)
    one, other = BoundedMean(0.4), BoundedMean(-100 + 0.4 * 300, -100.0, 200.0)
    for value in values:
        one, other = one.after(value), other.after(-100 + 300 * value)
    assert other.log_e_value == pytest.approx(one.log_e_value, rel=1e-9)


def test_a_value_beyond_a_bound_counts_as_the_bound():
    assert BoundedMean(0.5).after(9.0) == BoundedMean(0.5).after(1.0)


def test_evidence_that_was_there_is_not_forgotten():
    state = BoundedMean(0.1)
    for value in [1] * 5 + [0] * 200:
        state = state.after(value)
    assert state.rejects(0.05)
    assert state.log_e_value < 0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-2, 2), max_size=20), st.lists(st.floats(-2, 2), max_size=20))
def test_a_state_that_was_kept_goes_on_bit_for_bit(before, later):
    for start in (BoundedMean(0.1, -1.0, 1.0), GaussianMean(0.1, 0.7)):
        state = start
        for value in before:
            state = state.after(value)
        kept = type(state).from_mapping(json.loads(json.dumps(state.to_mapping())))
        assert kept == state
        for value in later:
            state, kept = state.after(value), kept.after(value)
        assert kept == state


def test_before_the_first_value_nothing_is_known():
    for state in (BoundedMean(0.5), GaussianMean(0.0, 1.0)):
        assert (state.mean, state.p_value) == (None, 1.0)
        assert not state.rejects(0.5)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -float("inf")])
def test_a_value_that_was_not_measured_is_refused(wrong):
    for state in (BoundedMean(0.5), GaussianMean(0.0, 1.0)):
        with pytest.raises(InputError, match="must be finite"):
            state.after(wrong)


def test_a_test_that_cannot_be_is_refused():
    with pytest.raises(InputError, match="limit"):
        BoundedMean(0.0)
    with pytest.raises(InputError, match="limit"):
        BoundedMean(float("nan"))
    with pytest.raises(InputError, match="sigma"):
        GaussianMean(0.0, 0.0)
    with pytest.raises(InputError, match="another version"):
        BoundedMean(0.5, logs=(0.0,))
