"""Conformal sets: what they promise, and what is left of it when the market turns."""

import json
from math import ceil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradeloop.errors import ArtefactError, InputError
from tradeloop.models.conformal import (
    AdaptiveConformal,
    Conformal,
    fit_adaptive_conformal,
    fit_conformal,
)


def market(seed, n_rows, *, boast=1.0):
    """Forecasts, and what came; above 1, the forecasts claim more than they know."""
    draw = np.random.default_rng(seed)
    truth = draw.dirichlet([3.0, 1.0, 3.0], n_rows)
    classes = (draw.random((n_rows, 1)) > truth.cumsum(axis=1)[:, :2]).sum(axis=1)
    told = truth**boast
    return told / told.sum(axis=1, keepdims=True), classes - 1


def held(sets, direction):
    return sets[np.arange(len(sets)), direction + 1]


def test_the_quantile_is_the_order_statistic_of_the_definition():
    chances, direction = market(1, 57)
    for level in (0.5, 0.8, 0.9, 0.95):
        found = fit_conformal(chances, direction, level)
        scores = sorted(1 - chances[np.arange(57), direction + 1])
        place = ceil(58 * level - 1e-9)
        assert found.quantile == scores[place - 1]
        assert (found.level, found.rows) == (level, 57)


@pytest.mark.parametrize("level", [0.8, 0.9])
def test_exchangeable_rows_are_held_as_often_as_promised(level):
    n_rows, tested, seeds = 99, 100, 200
    found = []
    for seed in range(seeds):
        chances, direction = market(seed, n_rows + tested, boast=1.7)
        sets = fit_conformal(
            chances[:n_rows], direction[:n_rows], level, may_be_empty=True
        )
        found.append(held(sets.sets(chances[n_rows:]), direction[n_rows:]).mean())
    # Coverage given the calibration rows is Beta(level (n + 1), (1 - level)(n + 1)):
    # between level and level + 1 / (n + 1) in the mean.
    spread = np.sqrt(level * (1 - level) * (1 / (n_rows + 2) + 1 / tested) / seeds)
    assert level - 3 * spread <= np.mean(found) <= level + 0.01 + 3 * spread


def test_too_few_rows_let_every_direction_in():
    chances, direction = market(2, 8)
    found = fit_conformal(chances, direction, 0.9)
    assert found.quantile == 1.0
    assert found.sets(np.array([[1.0, 0.0, 0.0]])).all()
    assert fit_conformal(*market(2, 9), 0.9).quantile < 1
    assert fit_conformal(np.empty((0, 3)), np.empty(0, int)).sets(chances).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 9999), st.integers(0, 60), st.floats(0.05, 0.98))
def test_a_set_is_empty_only_where_that_was_chosen_and_holds_the_likeliest(
    seed, n_rows, level
):
    rows, other = market(seed, n_rows), market(seed + 1, 50)[0]
    some = fit_conformal(*rows, level).sets(other)
    assert some[np.arange(50), other.argmax(axis=1)].all()
    bare = fit_conformal(*rows, level, may_be_empty=True).sets(other)
    assert (some >= bare).all()
    assert (some == bare)[bare.any(axis=1)].all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9999), st.floats(0.05, 0.9), st.floats(0.0, 0.09))
def test_a_higher_level_never_makes_a_set_smaller(seed, level, more):
    rows, other = market(seed, 80), market(seed + 1, 40)[0]
    low, high = (
        fit_conformal(*rows, each).sets(other) for each in (level, level + more)
    )
    assert (high >= low).all()


def test_a_row_with_nan_excludes_nothing():
    found = fit_conformal(*market(3, 100))
    assert found.sets(np.array([[np.nan, 0.5, 0.5]])).all()
    assert found.sets(np.empty((0, 3))).shape == (0, 3)


def turned(seed, before=2000, after=6000):
    """A market whose forecasts become boastful: calibration rows, and what follows."""
    calm, wild = market(seed, before), market(seed + 1, after, boast=4.0)
    return calm, wild


@pytest.mark.parametrize("seed", [10, 20, 30])
def test_after_a_change_split_sets_fail_and_adaptive_ones_find_back(seed):
    calm, (chances, direction) = turned(seed)
    split = fit_conformal(*calm, 0.9)
    assert held(split.sets(chances), direction).mean() < 0.85
    found = fit_adaptive_conformal(*calm, 0.9).follow(chances, direction)
    assert found.covered[1000:].mean() == pytest.approx(0.9, abs=0.01)
    # Without a change both hold what they promise.
    quiet = market(seed + 5, 3000)
    assert held(split.sets(quiet[0]), quiet[1]).mean() > 0.88
    assert fit_adaptive_conformal(*calm).follow(*quiet).covered.mean() > 0.885


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 9999),
    st.integers(1, 400),
    st.floats(0.001, 0.3),
    st.floats(0.5, 0.97),
    st.sampled_from([0.2, 1.0, 5.0]),
)
def test_the_long_run_bound_holds_whatever_the_market_does(
    seed, n_rows, gamma, level, boast
):
    calm, rows = market(seed, 60), market(seed + 1, n_rows, boast=boast)
    # The worst market: what comes is what the forecast thinks least likely.
    hostile = (rows[0], rows[0].argmin(axis=1) - 1)
    alpha = 1 - level
    bound = (max(alpha, level) + gamma) / (gamma * n_rows)
    for chances, direction in (rows, hostile):
        for may_be_empty in (True, False):
            start = fit_adaptive_conformal(
                *calm, level, gamma=gamma, may_be_empty=may_be_empty
            )
            found = start.follow(chances, direction)
            off = (~found.covered).mean() - alpha
            assert off <= bound + 1e-9
            assert off >= -bound - 1e-9 or not may_be_empty
            assert -gamma - 1e-9 <= found.state.alpha <= 1 + gamma + 1e-9


def test_following_is_telling_a_set_and_then_learning_what_came():
    calm, (chances, direction) = turned(4, 200, 300)
    state = fit_adaptive_conformal(*calm, gamma=0.05)
    found = state.follow(chances, direction)
    for row in range(300):
        told = state.sets(chances[row : row + 1])[0]
        assert (told == found.sets[row]).all()
        state = state.update(covered=bool(told[direction[row] + 1]))
    assert state == found.state
    assert np.array_equal(found.covered, held(found.sets, direction))


def test_a_state_does_not_change_and_a_miss_widens():
    start = fit_adaptive_conformal(*market(5, 200), 0.9, gamma=0.02)
    missed, hit = start.update(covered=False), start.update(covered=True)
    assert start.alpha == pytest.approx(0.1)
    assert missed.alpha == pytest.approx(0.1 - 0.02 * 0.9)
    assert hit.alpha == pytest.approx(0.1 + 0.02 * 0.1)
    assert missed.quantile >= start.quantile >= hit.quantile


def test_at_its_first_level_the_adaptive_set_is_the_split_one():
    rows, other = market(6, 300), market(7, 100)[0]
    split, adaptive = fit_conformal(*rows, 0.85), fit_adaptive_conformal(*rows, 0.85)
    assert (split.sets(other) == adaptive.sets(other)).all()


def test_json_keeps_every_bit():
    rows = market(8, 100)
    split = fit_conformal(*rows, 0.8, may_be_empty=True)
    assert Conformal.from_json(split.to_json()) == split
    state = fit_adaptive_conformal(*rows, 0.8, gamma=0.03).follow(*rows).state
    assert AdaptiveConformal.from_json(state.to_json()) == state


@pytest.mark.parametrize("text", ["no json", "[]", "{}", '{"format": "other"}'])
@pytest.mark.parametrize("kind", [Conformal, AdaptiveConformal])
def test_foreign_json_is_refused(kind, text):
    with pytest.raises(ArtefactError, match="conformal"):
        kind.from_json(text)


@pytest.mark.parametrize(
    "change",
    [
        {"alpha": None},
        {"gamma": 0},
        {"level": 1},
        {"scores": [0.5, 0.4]},
        {"scores": [2.0]},
        {"kind": "split"},
        {"classes": [0, 1]},
    ],
)
def test_json_with_a_wrong_field_is_refused(change):
    good = json.loads(fit_adaptive_conformal(*market(9, 20)).to_json())
    with pytest.raises(ArtefactError, match="conformal"):
        AdaptiveConformal.from_json(json.dumps(good | change))


@pytest.mark.parametrize(
    "terms",
    [
        (np.full((5, 2), 0.5), np.zeros(5, int), 0.9),
        (np.full((5, 3), np.nan), np.zeros(5, int), 0.9),
        (np.full((5, 3), 1 / 3), np.zeros(4, int), 0.9),
        (np.full((5, 3), 1 / 3), np.zeros(5, int), 1.0),
    ],
    ids=["two classes", "nan", "another length", "level 1"],
)
def test_what_cannot_be_fitted_is_refused(terms):
    for fit in (fit_conformal, fit_adaptive_conformal):
        with pytest.raises(InputError):
            fit(*terms)


def test_a_quantile_outside_its_range_is_refused():
    with pytest.raises(InputError, match="quantile from 0 to 1"):
        Conformal(1.5, 0.9, 10)
