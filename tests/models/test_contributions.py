import numpy as np
import pytest

from tradeloop.errors import InputError
from tradeloop.models import Boosting, explain
from tradeloop.models.contributions import is_exact
from tradeloop.models.forest import Forest
from tradeloop.models.light_boosting import LightBoosting
from tradeloop.models.vote import Member, Vote


def test_contributions_add_up_to_the_forecast(model, rows):
    found = explain(model.fitted, rows[0])
    logits = found.bias + found.values.sum(axis=2)
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    ours = raised / raised.sum(axis=1, keepdims=True)
    assert found.values.shape == (400, 3, 6)
    assert np.abs(ours - model.fitted.predict_proba(rows[0])).max() < 1e-5


def test_the_column_that_tells_speaks_for_the_side_it_tells(model):
    found = explain(model.fitted, np.array([[2.0] + [0.0] * 5, [-2.0] + [0.0] * 5]))
    assert found.top(1, row=0)[0][0] == "a"
    assert found.top(1, row=0)[0][1] > 0
    assert found.top(1, row=1)[0][1] < 0
    assert np.array_equal(found.towards(1), -found.towards(-1))
    assert np.array_equal(found.towards(0), found.values[0, 1])


def test_top_is_sorted_by_size_and_bounded(model, rows):
    found = explain(model.fitted, rows[0][:1])
    sizes = [abs(added) for _, added in found.top(-1, count=4)]
    assert len(sizes) == 4
    assert sizes == sorted(sizes, reverse=True)


def test_strange_rows_are_refused(model):
    with pytest.raises(InputError, match="shape"):
        explain(model.fitted, np.zeros((1, 5)))


def test_a_vote_of_one_booster_is_explained_as_the_booster(model, rows):
    silent = Member("silent", 0.0, model.fitted)
    alone = explain(Vote((Member("only", 0.3, model.fitted), silent)), rows[0][:20])
    expected = explain(model.fitted, rows[0][:20])
    assert np.array_equal(alone.values, expected.values)
    assert np.array_equal(alone.bias, expected.bias)
    assert alone.exact
    assert alone.scale == "logit"


def test_a_vote_of_boosters_is_explained_by_the_weighted_mean(rows):
    features, direction = rows
    first = Boosting(n_estimators=5).fit(features, direction)
    second = LightBoosting(n_estimators=5).fit(features, direction)
    vote = Vote((Member("first", 0.6, first), Member("second", 0.2, second)))
    found = explain(vote, features[:30])
    one, two = explain(first, features[:30]), explain(second, features[:30])
    assert np.abs(found.values - (3 * one.values + two.values) / 4).max() < 1e-12
    logits = two.bias + two.values.sum(axis=2)
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    ours = raised / raised.sum(axis=1, keepdims=True)
    assert np.abs(ours - second.predict_proba(features[:30])).max() < 1e-9


def test_a_model_without_boosted_trees_has_no_exact_values(rows):
    forest = Forest(n_estimators=3).fit(*rows)
    assert not is_exact(forest)
    with pytest.raises(InputError, match="Use explain_vote"):
        explain(forest, rows[0])
