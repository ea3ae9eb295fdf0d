"""The probability of back-test overfitting against its definition."""

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.gate import overfitting_oracle
from tradeloop.errors import InputError
from tradeloop.statistics import backtest_overfitting

NOISE = np.random.default_rng(1).normal(0, 0.01, (320, 20))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([2, 4, 6]), st.integers(2, 5))
def test_it_equals_the_definition_by_loops(seed, blocks, trials):
    rows = np.random.default_rng(seed).integers(-3, 4, (31, trials)) / 7
    found = backtest_overfitting(rows, blocks=blocks)
    assert found.probability == overfitting_oracle(
        rows.T.tolist(), [31 * k // blocks for k in range(blocks + 1)]
    )
    assert found.splits == comb(blocks, blocks // 2)


def test_trials_without_an_edge_are_overfitted_in_about_half_of_the_splits():
    found = [
        backtest_overfitting(
            np.random.default_rng(seed).normal(size=(160, 20)), blocks=8
        ).probability
        for seed in range(60)
    ]
    assert np.mean(found) == pytest.approx(0.5, abs=0.1)


def test_a_trial_that_is_always_best_is_not_overfitted():
    rows = NOISE.copy()
    rows[:, 7] += 0.02
    found = backtest_overfitting(rows)
    assert (found.probability, found.loss_share) == (0.0, 0.0)
    assert found.median_logit > 2


def test_a_trial_that_is_best_on_one_half_by_being_worst_on_the_other_is_overfitted():
    rows = np.random.default_rng(2).normal(0, 1e-3, (160, 2))
    rows[:80, 0] += 0.01
    rows[80:, 0] -= 0.01
    assert backtest_overfitting(rows, blocks=2).probability == 1.0


def test_copies_share_the_middle_rank_and_count_as_overfitted():
    rows = np.repeat(NOISE[:, :1], 5, axis=1)
    assert backtest_overfitting(rows).probability == 1.0


def test_neither_the_order_nor_the_scale_of_the_trials_matters():
    one = backtest_overfitting(NOISE)
    other = backtest_overfitting(NOISE[:, ::-1] * np.linspace(0.1, 50, 20))
    assert one.probability == other.probability
    assert one.median_logit == other.median_logit


def test_a_trial_that_never_traded_has_the_ratio_zero():
    rows = np.column_stack([np.zeros(320), NOISE[:, 0] - 0.02])
    assert backtest_overfitting(rows).probability == 0.0


def test_a_day_is_never_cut():
    # Eight days of 3 to 24 rows: four blocks of two days, whatever their rows.
    day = np.repeat(np.arange(8), np.arange(3, 27, 3))
    rows = np.random.default_rng(4).normal(size=(len(day), 4))
    edges = [int(np.searchsorted(day, d)) for d in (0, 2, 4, 6, 8)]
    found = backtest_overfitting(rows, blocks=4, day=day)
    assert found.probability == overfitting_oracle(rows.T.tolist(), edges)
    with pytest.raises(InputError, match="at least 10 days"):
        backtest_overfitting(rows, blocks=10, day=day)


def test_a_day_per_row_changes_nothing():
    one = backtest_overfitting(NOISE)
    assert backtest_overfitting(NOISE, day=np.arange(320) + 9) == one


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"returns": NOISE[:, :1]}, "at least 2 trials"),
        ({"returns": NOISE, "blocks": 5}, "even and at most 20"),
        ({"returns": NOISE, "blocks": 22}, "even and at most 20"),
        ({"returns": NOISE[:10]}, "at least 16 rows"),
        ({"returns": NOISE, "day": np.zeros(320)}, "at least 16 days"),
        ({"returns": NOISE, "day": -np.arange(320)}, "must not fall"),
        ({"returns": NOISE, "day": np.arange(3)}, "320 rows"),
        ({"returns": NOISE * np.nan}, "must be finite"),
    ],
)
def test_what_cannot_be_split_is_refused(given, told):
    with pytest.raises(InputError, match=told):
        backtest_overfitting(**given)
