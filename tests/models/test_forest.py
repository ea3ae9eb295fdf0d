import warnings

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from tradeloop.errors import ArtefactError, InputError
from tradeloop.models import Forest, Runtime
from tradeloop.models.base import Columns, Held
from tradeloop.models.check_forecasts import extreme_rows
from tradeloop.models.checks import training_rows
from tradeloop.models.tensors import pack


@pytest.fixture(scope="module")
def rows():
    return training_rows(1, n_rows=1_500, n_columns=12)


@pytest.fixture(scope="module")
def fitted(rows):
    return Forest(n_estimators=40).fit(*rows)


def peer(model, rows, weight=None, *, trees_before=0):
    """The forest that scikit-learn grows of the same parameters and seed."""
    seed = np.random.SeedSequence([model.random_state, trees_before])
    forest = RandomForestClassifier(
        n_estimators=model.n_estimators,
        max_depth=model.max_depth,
        min_samples_split=model.min_samples_split,
        min_samples_leaf=model.min_samples_leaf,
        max_samples=min(model.max_samples, len(rows[1])),
        random_state=int(seed.generate_state(1)[0]),
    )
    return forest.fit(rows[0].astype(np.float32), rows[1], weight)


def test_probabilities_and_importance_equal_those_of_scikit_learn(rows, fitted):
    theirs = peer(Forest(n_estimators=40), rows)
    fresh = extreme_rows(training_rows(2, n_rows=2_000, n_columns=12)[0])
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        expected = theirs.predict_proba(fresh.astype(np.float32))
    assert np.abs(fitted.predict_proba(fresh) - expected).max() <= 1e-12
    importance = list(fitted.importance().values())
    assert importance == pytest.approx(theirs.feature_importances_, abs=1e-12)


def test_the_export_is_equal_within_1e_6_on_10_000_rows(fitted):
    fresh = training_rows(3, n_rows=10_000, n_columns=12)[0]
    found = Runtime(fitted.to_onnx(), fitted.columns).predict_proba(fresh)
    assert np.abs(found - fitted.predict_proba(fresh)).max() <= 1e-7


def test_weights_say_how_often_a_row_is_drawn(rows):
    weight = np.where(rows[1] == 1, 9.0, 1.0)
    model = Forest(n_estimators=5)
    theirs = peer(model, rows, weight / weight.mean())
    expected = theirs.predict_proba(rows[0].astype(np.float32))
    found = model.fit(*rows, weight).predict_proba(rows[0])
    assert np.abs(found - expected).max() <= 1e-12


def test_balanced_classes_weigh_the_same(rows):
    features, direction = rows
    rare = (direction != 1) | (np.arange(len(direction)) % 10 == 0)
    features, direction = features[rare], direction[rare]
    plain, balanced = (
        Forest(n_estimators=20, class_weight=kind).fit(features, direction)
        for kind in ("none", "balanced")
    )
    shares = [found.predict_proba(features)[:, 2].mean() for found in (plain, balanced)]
    assert shares[1] > 2 * shares[0]


def test_the_number_of_threads_does_not_change_a_byte(rows, fitted):
    two = Forest(n_estimators=40, n_jobs=2).fit(*rows)
    assert two.to_bytes() == fitted.to_bytes()


def test_going_on_keeps_the_trees_and_grows_others_on_the_new_rows(rows, fitted):
    fresh = training_rows(4, n_rows=500, n_columns=12)
    model = Forest(n_estimators=20)
    further = model.fit(*fresh, start=fitted)
    theirs = peer(model, fresh, trees_before=40)
    expected = (
        40 * fitted.predict_proba(rows[0])
        + 20 * theirs.predict_proba(rows[0].astype(np.float32))
    ) / 60
    assert np.abs(further.predict_proba(rows[0]) - expected).max() <= 1e-12
    assert sum(further.importance().values()) == pytest.approx(1)
    again = model.fit(*rows, start=model.fit(*rows))
    assert len(np.unique(again.trees.first)) == 41
    halves = np.split(again.trees.feature[: 2 * (len(again.trees.feature) // 2)], 2)
    assert not np.array_equal(*halves)


def test_held_rows_are_left_unread(rows, fitted):
    held = Held(np.full((3, 1), np.inf), np.array([5]))
    assert Forest(n_estimators=40).fit(*rows, held=held).to_bytes() == fitted.to_bytes()


def test_absence_itself_can_tell():
    features, direction = training_rows(5, n_rows=900)
    features[:, 1] = np.where(direction == 1, np.nan, features[:, 1])
    fitted = Forest(n_estimators=20, max_depth=4).fit(features, direction)
    there = features.copy()
    there[:, 1] = 0.0
    gone = there.copy()
    gone[:, 1] = np.nan
    up = [fitted.predict_proba(which)[:, 2].mean() for which in (there, gone)]
    assert up[1] > up[0] + 0.3


def test_few_rows_are_drawn_for_a_tree_where_so_many_are_allowed(rows):
    small = Forest(n_estimators=5, max_samples=50).fit(*rows)
    assert len(small.trees.leaves) <= 5 * 25
    assert small.predict_proba(rows[0]).shape == (1_500, 3)


def test_the_defaults_are_the_agreed_ones():
    assert Forest().get_params() == {
        "n_estimators": 100,
        "max_depth": 10,
        "min_samples_split": 5,
        "min_samples_leaf": 2,
        "max_samples": 100_000,
        "class_weight": "none",
        "random_state": 42,
        "n_jobs": 1,
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_estimators", 0),
        ("max_depth", 0),
        ("min_samples_split", 1),
        ("min_samples_leaf", 0),
        ("max_samples", 0),
        ("class_weight", "other"),
        ("random_state", -1),
        ("n_jobs", 0),
    ],
)
def test_a_parameter_out_of_range_is_named(name, value):
    with pytest.raises(InputError, match=f"Forest.{name} must be .* was '?{value}"):
        Forest(**{name: value})


@pytest.mark.parametrize(
    "change",
    [
        {"leaves": lambda leaves: leaves * 2},
        {"leaves": lambda leaves: leaves - 1},
        {"decrease": lambda decrease: decrease[1:]},
        {"decrease": lambda decrease: decrease - 1},
        {"left": lambda left: left[::-1]},
    ],
    ids=["sums of 2", "shares below 0", "a column less", "below 0", "a cycle"],
)
def test_a_file_with_other_figures_is_refused(fitted, change):
    arrays = fitted.trees.arrays() | {"decrease": fitted.decrease}
    bent = {name: of(arrays[name]) for name, of in change.items()}
    with pytest.raises(ArtefactError):
        Forest.load(pack("forest", arrays | bent), Columns.unnamed(12))
