"""Checks between rows, on datasets of chosen numbers."""

from math import sqrt, tanh

import numpy as np
import polars as pl
import pytest

from tradeloop.datasets import Dataset, PurgedKFold, uniqueness
from tradeloop.datasets.row_checks import embargoed, no_label_inside, no_twins


def table(features, outcomes, *, apart=10, lasts=5, names=None):
    """A dataset of the given columns; labels stand alone unless ``lasts`` is longer."""
    n_rows = len(next(iter(outcomes.values())))
    ids = pl.DataFrame({"decision_id": [str(i) for i in range(n_rows)]})
    start = np.arange(n_rows) * apart
    context = ids.with_columns(
        instrument=pl.Series(["A"] * n_rows if names is None else names)
    )
    labels = ids.with_columns(
        decision_ns=start, end_ns=start + lasts, fold=pl.lit(-1, pl.Int8)
    )
    vectors = ids.with_columns(known_ns=pl.lit(0, pl.Int64))
    return Dataset(
        "SIGNAL_GENERATION",
        "v",
        "{}",
        context,
        ids,
        ids,
        vectors.with_columns(**{k: pl.Series(v) for k, v in features.items()}),
        labels.with_columns(**{k: pl.Series(v) for k, v in outcomes.items()}),
    )


def noise(seed, n_rows=400):
    return np.random.default_rng(seed).normal(size=n_rows)


def correlated(with_what, by, seed=9):
    return by * with_what + sqrt(1 - by**2) * noise(seed, with_what.size)


def test_a_feature_that_is_its_own_rows_outcome_in_a_few_rows_is_found():
    outcome, feature = noise(0), noise(1)
    feature[37:60] = outcome[37:60]
    check = no_label_inside(table({"f": feature}, {"return_1h": outcome}))
    assert not check.passed
    assert "f repeats return_1h in 23 rows" in check.detail


def test_the_other_sign_hides_nothing():
    outcome, feature = noise(0), noise(1)
    feature[200:230] = -outcome[200:230]
    assert not no_label_inside(table({"f": feature}, {"net_bps_1h": outcome})).passed


def test_a_neighbours_outcome_counts_only_while_it_is_not_known():
    outcome = noise(0)
    before = np.concatenate([[np.nan], outcome[:-1]])
    known = table({"f": before}, {"return_1h": outcome}, apart=10, lasts=5)
    unknown = table({"f": before}, {"return_1h": outcome}, apart=10, lasts=15)
    after = table({"f": np.roll(outcome, -2)}, {"return_1h": outcome})
    assert no_label_inside(known).passed
    assert "repeats" in no_label_inside(unknown).detail
    assert "repeats" in no_label_inside(after).detail


def test_what_an_earlier_fill_cost_may_be_known_but_not_what_a_later_one_will():
    cost = noise(0)
    before, later = np.concatenate([[np.nan], cost[:-1]]), np.roll(cost, -1)
    filled = {"execution_quality": cost}
    own = table({"f": cost}, filled)
    assert no_label_inside(table({"f": before}, filled, lasts=25)).passed
    assert "repeats" in no_label_inside(own).detail
    assert "repeats" in no_label_inside(table({"f": later}, filled)).detail


def test_neighbours_are_those_of_the_same_instrument():
    outcome = noise(0)
    before = np.concatenate([[np.nan], outcome[:-1]])
    names = ["A", "B"] * 200
    data = table({"f": before}, {"return_1h": outcome}, lasts=15, names=names)
    assert no_label_inside(data).passed


@pytest.mark.parametrize(
    ("strength", "passes"), [(0.2, True), (0.35, True), (0.8, False)]
)
def test_no_honest_feature_ranks_as_its_outcome_does(strength, passes):
    outcome = noise(0)
    data = table({"f": correlated(outcome, strength)}, {"return_1h": outcome})
    assert no_label_inside(data).passed is passes


def test_few_independent_rows_raise_the_bound():
    """A hundred labels of three and a half times their distance are worth thirty."""
    outcome = noise(0, 100)
    feature = correlated(outcome, 0.65)
    alone = table({"f": feature}, {"return_1h": outcome})
    crowded = table({"f": feature}, {"return_1h": outcome}, lasts=35)
    worth = uniqueness(crowded.decision_ns, crowded.end_ns).sum()
    assert tanh(5 / sqrt(97)) < 0.5
    assert tanh(5 / sqrt(worth - 3)) > 0.7
    assert not no_label_inside(alone).passed
    assert no_label_inside(crowded).passed


def test_volatility_may_know_the_size_of_a_move_but_not_its_sign():
    size = np.exp(noise(0))
    outcome = size * np.abs(noise(1))
    data = table({"volatility": size}, {"max_gain_1h": outcome})
    assert np.corrcoef(size, outcome)[0, 1] > 0.5
    assert no_label_inside(data).passed


def test_random_walks_against_the_returns_of_overlapping_windows_raise_no_alarm():
    """A level against the change after it is where luck looks most like skill."""
    for seed in range(40):
        level = noise(seed, 430).cumsum()
        ahead = level[30:] - level[:-30]
        data = table({"level": level[:400]}, {"return_1h": ahead}, lasts=300)
        assert no_label_inside(data).passed, seed


def test_constants_missing_values_and_no_outcomes_give_nothing_away():
    outcome = noise(0)
    odd = {"constant": np.full(400, 3.0), "missing": np.full(400, np.nan)}
    assert no_label_inside(table(odd, {"return_1h": outcome})).passed
    assert no_label_inside(table(odd, {"return_1h": np.full(400, np.nan)})).passed
    assert no_label_inside(table(odd, {"side": outcome})).passed
    assert no_twins(table(odd, {"side": outcome}), []).passed


def test_what_is_known_at_the_decision_is_no_outcome():
    """The price stands among the labels; a feature may be the price."""
    data = table({"f": noise(0)}, {"price": noise(0), "return_1h": noise(1)})
    assert no_label_inside(data).passed


def test_one_row_that_stands_on_both_sides_is_found():
    feature, outcome = noise(0), noise(1)
    splits = list(
        PurgedKFold(4, min_rows=1).split(np.arange(400) * 10, np.arange(400) * 10 + 5)
    )
    clean = table({"f": feature}, {"return_1h": outcome})
    assert no_twins(clean, splits).passed
    feature[350], outcome[350] = feature[3], outcome[3]
    check = no_twins(table({"f": feature}, {"return_1h": outcome}), splits)
    assert not check.passed
    assert check.detail == "fold 0: 1 of 100 test rows also train"


def test_rows_without_a_number_are_no_twins():
    nothing = {"f": np.zeros(400)}, {"return_1h": np.zeros(400)}
    splits = [(np.arange(200), np.arange(200, 400))]
    assert no_twins(table(*nothing), splits).passed


def test_the_embargo_stands_before_a_forward_test_and_after_any_other():
    data = table({"f": noise(0)}, {"return_1h": noise(1)})
    before, after = np.arange(100), np.arange(150, 400)
    test = np.arange(103, 147)
    early, late = [(before, test)], [(after, test)]
    assert embargoed(data, early, 30, forward=True).passed
    assert not embargoed(data, early, 40, forward=True).passed
    assert embargoed(data, early, 40, forward=False).passed
    assert embargoed(data, late, 30, forward=False).passed
    assert not embargoed(data, late, 40, forward=False).passed
