"""The test of superior predictive ability: size, power, scale, seed."""

import numpy as np
import pytest

from reference.statistics import bootstrap_variance_oracle
from tradeloop.errors import InputError
from tradeloop.statistics import superior_predictive_ability
from tradeloop.statistics.comparison import _mean_variance

BASE = np.random.default_rng(1).normal(size=250) ** 2


def noise(seed, models=10, rows=250):
    return np.random.default_rng(seed).normal(size=(rows, models))


def test_under_no_ability_the_test_rejects_about_as_often_as_it_says():
    found = [
        superior_predictive_ability(
            np.zeros(150), noise(seed, 5, 150), block_rows=1, seed=seed, repeats=200
        ).consistent
        for seed in range(150)
    ]
    assert 0.03 <= np.mean(np.array(found) < 0.1) <= 0.18


def test_a_model_that_is_better_is_found_among_many_that_are_not():
    losses = BASE[:, None] + noise(2)
    losses[:, 3] -= 0.4
    found = superior_predictive_ability(BASE, losses, block_rows=5, seed=1)
    assert found.consistent < 0.01


def test_models_that_are_all_worse_leave_the_benchmark_standing():
    losses = BASE[:, None] + 0.5 + noise(3)
    found = superior_predictive_ability(BASE, losses, block_rows=5, seed=1)
    assert found.consistent > 0.5


def test_the_three_p_values_come_in_order():
    losses = BASE[:, None] + np.linspace(-0.1, 2, 10) + noise(4)
    found = superior_predictive_ability(BASE, losses, block_rows=5, seed=1)
    assert found.lower <= found.consistent <= found.upper


def test_the_scale_of_one_models_losses_does_not_decide_for_all():
    differences = noise(5)
    differences[:, 0] -= 0.2
    loud = differences.copy()
    loud[:, 7] *= 1000.0
    terms = {"block_rows": 3, "seed": 2}
    one = superior_predictive_ability(np.zeros(250), differences, **terms)
    other = superior_predictive_ability(np.zeros(250), loud, **terms)
    assert one == other
    assert one.consistent < 0.05


def test_the_same_seed_gives_the_same_p_values():
    terms = {"block_rows": 5, "repeats": 300}
    losses = BASE[:, None] + noise(6)
    one = superior_predictive_ability(BASE, losses, seed=1, **terms)
    assert superior_predictive_ability(BASE, losses, seed=1, **terms) == one
    assert superior_predictive_ability(BASE, losses, seed=2, **terms) != one


def test_the_long_run_variance_equals_the_published_sum():
    rows = np.convolve(noise(7, 1)[:, 0], np.ones(4), mode="valid")
    for block in (1, 3, 20):
        found = _mean_variance(rows[:, None], block)[0]
        assert found == pytest.approx(bootstrap_variance_oracle(rows.tolist(), block))


def test_a_model_equal_to_the_benchmark_is_no_better():
    found = superior_predictive_ability(BASE, BASE[:, None], block_rows=5, seed=1)
    assert (found.lower, found.consistent, found.upper) == (1.0, 1.0, 1.0)
    rivals = BASE[:, None] + noise(8, 2)
    terms = {"block_rows": 5, "seed": 1}
    alone = superior_predictive_ability(BASE, rivals, **terms)
    among = superior_predictive_ability(BASE, np.column_stack([BASE, rivals]), **terms)
    assert among == alone


@pytest.mark.parametrize(
    ("losses", "told"),
    [
        (BASE[:, None] + 1.0, "same amount"),
        (noise(1, rows=249), "250 rows"),
        (np.empty((250, 0)), "at least one model"),
        (np.full((250, 2), np.nan), "must be finite"),
        (BASE, "2 axes"),
    ],
)
def test_losses_that_cannot_be_compared_are_refused(losses, told):
    with pytest.raises(InputError, match=told):
        superior_predictive_ability(BASE, losses, block_rows=5, seed=1)


def test_a_block_of_no_rows_is_refused():
    with pytest.raises(InputError, match="block_rows"):
        superior_predictive_ability(BASE, BASE[:, None], block_rows=0, seed=1)
