"""Sampled contributions beside the definition, summed over all coalitions."""

from itertools import combinations
from math import factorial

import numpy as np
import pytest

from tradeloop.errors import InputError
from tradeloop.models import Boosting, Columns, explain
from tradeloop.models.checks import training_rows
from tradeloop.models.forest import Forest
from tradeloop.models.onnx_export import export_onnx
from tradeloop.models.runtime import Runtime
from tradeloop.models.sequences import Sequences, places_of
from tradeloop.models.shapley import explain_vote, sampled_contributions
from tradeloop.models.vote import Member, Vote, blend

COLUMNS = Columns(tuple("abcd"))


def shapley(predict, row, background):
    """The definition: the mean over all coalitions of what a column adds to each."""
    width = row.shape[-1]

    def value(coalition):
        mixed = np.array(background, dtype=np.float32)
        mixed[..., list(coalition)] = row[..., list(coalition)]
        return predict(mixed).mean(axis=0)

    found = np.zeros((3, width))
    for column in range(width):
        others = [other for other in range(width) if other != column]
        for size in range(width):
            share = factorial(size) * factorial(width - size - 1) / factorial(width)
            for coalition in combinations(others, size):
                gain = value((*coalition, column)) - value(coalition)
                found[:, column] += share * gain
    return found


@pytest.fixture(scope="module")
def data():
    return training_rows(51, n_rows=300, n_columns=4)


@pytest.fixture(scope="module")
def forest(data):
    return Forest(n_estimators=10, max_depth=5).fit(*data, columns=COLUMNS)


@pytest.fixture(scope="module")
def vote(data, forest):
    trees = Boosting(n_estimators=10).fit(*data, columns=COLUMNS)
    return Vote((Member("trees", 0.6, trees), Member("forest", 0.4, forest)))


def test_sampled_values_lie_around_the_definition(vote, data):
    row, background = data[0][7], data[0][20:40]
    expected = shapley(vote.predict_proba, row, background)
    found = sampled_contributions(
        vote.predict_proba, row, background, COLUMNS, seed=1, permutations=400
    )
    away = np.abs(found.values[0] - expected) / np.maximum(found.error[0], 1e-12)
    assert found.scale == "probability"
    assert not found.exact
    assert np.abs(found.values[0] - expected).max() < 0.02
    assert away.max() < 4
    assert (away < 2).mean() > 0.7


def test_the_error_falls_with_the_root_of_the_draws(vote, data):
    few, many = (
        sampled_contributions(
            vote.predict_proba,
            data[0][7],
            data[0][20:40],
            COLUMNS,
            seed=1,
            permutations=count,
        ).error.mean()
        for count in (100, 400)
    )
    assert few / many == pytest.approx(2, rel=0.25)


@pytest.mark.parametrize("permutations", [2, 5, 20, 40])
def test_values_add_up_to_the_forecast_whatever_the_error(vote, data, permutations):
    row, background = data[0][3], data[0][100:120]
    found = sampled_contributions(
        vote.predict_proba,
        row,
        background,
        COLUMNS,
        seed=2,
        permutations=permutations,
    )
    forecast = vote.predict_proba(row[None])[0]
    assert np.abs(found.bias[0] + found.values[0].sum(axis=1) - forecast).max() < 1e-12
    assert np.abs(found.values[0].sum(axis=0)).max() < 1e-6
    if permutations % len(background) == 0:
        mean = vote.predict_proba(background).mean(axis=0)
        assert np.abs(found.bias[0] - mean).max() < 1e-12


def logits_of(fitted):
    """Probabilities whose logarithms differ by the logits: an additive scale."""

    def predict(rows):
        return np.log(fitted.predict_proba(rows))

    return predict


def test_where_columns_only_add_up_it_agrees_with_the_exact_tree_values(data):
    """Trees of one split add up in logits, so no order matters and no draw is off.

    Exact and sampled values differ by what the backgrounds are, which is the same for
    each row; and a forecast's three logits by one figure, which their gaps do without.
    """
    stumps = Boosting(n_estimators=30, max_depth=1).fit(*data, columns=COLUMNS)
    background = data[0][:50]
    rows = data[0][60:66]
    exact = explain(stumps, rows)
    sampled = np.array(
        [
            sampled_contributions(
                logits_of(stumps), row, background, COLUMNS, seed=3, permutations=50
            ).values[0]
            for row in rows
        ]
    )
    ours, theirs = (
        sampled[:, 2] - sampled[:, 0],
        exact.values[:, 2] - exact.values[:, 0],
    )
    assert np.abs((ours - ours[:1]) - (theirs - theirs[:1])).max() < 1e-4


def test_deep_trees_agree_with_the_exact_tree_values_within_the_error(data):
    trees = Boosting(n_estimators=20, max_depth=3).fit(*data, columns=COLUMNS)
    rows, background = data[0][:8], data[0]
    exact = explain(trees, rows)
    theirs = exact.values[:, 2] - exact.values[:, 0]
    found = [
        sampled_contributions(
            logits_of(trees), row, background, COLUMNS, seed=4, permutations=300
        )
        for row in rows
    ]
    ours = np.array([each.values[0, 2] - each.values[0, 0] for each in found])
    error = np.array([each.error[0, 2] + each.error[0, 0] for each in found])
    # The trees' own values weigh branches by the rows that trained them, not by draws.
    assert np.abs(ours - theirs).max() < 0.15 * np.abs(theirs).max() + 4 * error.max()
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.98


def test_a_column_that_the_model_does_not_read_adds_nothing(data):
    features = data[0].copy()
    features[:, 2] = 1.0
    fitted = Forest(n_estimators=5, max_depth=4).fit(features, data[1], columns=COLUMNS)
    found = explain_vote(fitted, data[0][:3], data[0][:10], seed=5)
    assert np.array_equal(found.values[:, :, 2], np.zeros((3, 3)))
    assert np.array_equal(found.error[:, :, 2], np.zeros((3, 3)))


def test_the_same_seed_gives_the_same_values(vote, data):
    first, second, other = (
        explain_vote(vote, data[0][:2], data[0][:10], seed=seed) for seed in (6, 6, 7)
    )
    assert np.array_equal(first.values, second.values)
    assert not np.array_equal(first.values, other.values)


def test_a_vote_is_explained_exactly_where_it_can_be(vote, data):
    mixed = explain_vote(vote, data[0][:2], data[0][:10], seed=8)
    assert (mixed.exact, mixed.scale) == (False, "probability")
    boosters = explain_vote(vote.members[0].fitted, data[0][:2], data[0][:10], seed=8)
    assert (boosters.exact, boosters.scale) == (True, "logit")
    none = explain_vote(vote, data[0][:0], data[0][:10], seed=8)
    assert none.values.shape == (0, 3, 4)


def test_the_column_that_tells_is_at_the_top(vote, data):
    rows = np.array([[2.0, 0, 0, 0], [-2.0, 0, 0, 0]])
    found = explain_vote(vote, rows, data[0][:20], seed=9)
    assert found.top(1, row=0)[0][0] == "a"
    assert found.top(1, row=0)[0][1] > 0
    assert found.top(1, row=1)[0][1] < 0


def test_a_vote_is_explained_through_its_runtimes(vote, data):
    runtimes = [
        Runtime(export_onnx(member.fitted, data[0]).content, COLUMNS)
        for member in vote.members
    ]

    def predict(rows):
        told = [runtime.predict_proba(rows) for runtime in runtimes]
        return blend(told, vote.weights)

    ours = explain_vote(vote, data[0][:2], data[0][:10], seed=10, predict=predict)
    theirs = explain_vote(vote, data[0][:2], data[0][:10], seed=10)
    assert np.abs(ours.values - theirs.values).max() < 1e-6


class Last:
    """A model of two steps: up, if the first column rose."""

    name, steps, columns = "last", 2, COLUMNS

    def predict_proba(self, features):
        values = features if isinstance(features, np.ndarray) else features.gather()
        rose = np.nan_to_num(values[:, 1, 0]) > np.nan_to_num(values[:, 0, 0])
        return np.where(rose[:, None], [0.1, 0.1, 0.8], [0.8, 0.1, 0.1])


def test_a_column_of_a_sequence_changes_at_all_its_steps(data):
    places = places_of(np.zeros(300), np.arange(300), 2)
    past = Sequences(data[0], places)
    rows, background = past.take([5, 9]), past.take(np.arange(20, 60))
    found = explain_vote(Last(), rows, background, seed=11, permutations=40)
    assert np.array_equal(found.values[:, :, 1:], np.zeros((2, 3, 3)))
    forecast = Last().predict_proba(rows)
    assert np.abs(found.bias + found.values.sum(axis=2) - forecast).max() < 1e-12
    expected = shapley(Last().predict_proba, rows.gather()[0], background.gather())
    assert np.abs(found.values[0] - expected).max() < 1e-12


def test_strange_shapes_are_refused(vote, data):
    row, background = data[0][0], data[0][:5]
    tries = (
        (row[:3], background, 5),
        (row, background[:, :3], 5),
        (row, background[:0], 5),
        (row, background, 1),
        (row[None, None], background, 5),
    )
    for given, others, count in tries:
        with pytest.raises(InputError):
            sampled_contributions(
                vote.predict_proba, given, others, COLUMNS, seed=1, permutations=count
            )
    with pytest.raises(InputError, match="looks at 2 rows"):
        explain_vote(Last(), data[0], data[0], seed=1)
    with pytest.raises(InputError, match="finite"):
        explain_vote(vote, np.full((1, 4), np.inf), background, seed=1)
