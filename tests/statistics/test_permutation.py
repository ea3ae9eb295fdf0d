"""The permutation null: size under dependence, power, bad input."""

import numpy as np
import pytest

from tradeloop.errors import InputError
from tradeloop.statistics import permutation_null


def product(forecast, outcome):
    return float((forecast * outcome).mean())


def slow(seed, rows=240, span=6):
    """Rows that share their noise with the next five, as overlapping labels do."""
    raw = np.random.default_rng(seed).normal(size=rows + span - 1)
    return np.convolve(raw, np.ones(span), mode="valid")


def p_values(block_rows):
    return np.array(
        [
            permutation_null(
                product,
                slow(seed),
                slow(seed + 5000),
                block_rows=block_rows,
                seed=seed,
                repeats=99,
            ).p_value
            for seed in range(200)
        ]
    )


def test_unrelated_forecasts_pass_as_often_as_the_level_says_with_blocks():
    assert 0.04 <= (p_values(12) <= 0.1).mean() <= 0.18


def test_single_rows_that_are_shuffled_would_find_skill_where_there_is_none():
    assert (p_values(1) <= 0.1).mean() > 0.2


def test_a_forecast_of_its_outcome_is_found():
    outcome = slow(1)
    forecast = outcome + 2 * slow(2)
    found = permutation_null(product, forecast, outcome, block_rows=12, seed=3)
    assert found.p_value < 0.01
    assert found.value > found.null_mean + 2 * found.null_deviation


def test_rows_of_probabilities_move_as_a_whole():
    chances = np.random.default_rng(4).dirichlet(np.ones(3), 120)
    seen = []

    def sums(forecast, outcome):
        seen.append(np.abs(forecast.sum(axis=1) - 1).max())
        return float(forecast[np.arange(120), outcome].mean())

    classes = np.random.default_rng(5).integers(0, 3, 120)
    permutation_null(sums, chances, classes, block_rows=10, seed=1, repeats=19)
    assert max(seen) < 1e-12


def test_the_same_seed_gives_the_same_null_and_the_p_value_is_never_zero():
    terms = {"block_rows": 5, "repeats": 19}
    one = permutation_null(product, slow(1), slow(1), seed=1, **terms)
    assert permutation_null(product, slow(1), slow(1), seed=1, **terms) == one
    assert one.p_value == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"outcomes": slow(1)[:-1]}, "same rows"),
        ({"block_rows": 50}, "at least 6 blocks"),
        ({"figure": lambda *_: float("nan")}, "must be finite"),
        ({"repeats": 5}, "repeats"),
    ],
)
def test_what_cannot_be_shuffled_is_refused(given, told):
    terms = {
        "figure": product,
        "forecasts": slow(1),
        "outcomes": slow(2),
        "block_rows": 6,
        "seed": 1,
    } | given
    with pytest.raises(InputError, match=told):
        permutation_null(**terms)
