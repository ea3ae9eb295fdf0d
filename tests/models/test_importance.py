"""Importance: of columns, to models, on rows that these had not seen."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tradeloop.errors import InputError
from tradeloop.models import Boosting, Columns, Recipe, explain, walk_forward
from tradeloop.models.forest import Forest
from tradeloop.models.importance import (
    Resampling,
    bootstrap_means,
    column_importance,
    permutation_importance,
    shap_importance,
)
from tradeloop.models.preparation import Prepared
from tradeloop.models.sequences import Sequences, places_of
from tradeloop.statistics import block_bootstrap

DRAWN = Resampling(seed=7, block_rows=4, shuffles=2, repeats=200)
NAMES = ("tells", "hints", "noise", "constant", "twin")
ROWS = 900


class Halves:
    """Two folds: each trains on all before its test."""

    def split(self, decision_ns, _end_ns):
        assert len(decision_ns) == ROWS
        for fold in (1, 2):
            yield np.arange(fold * 300), np.arange(fold * 300, fold * 300 + 300)


@pytest.fixture(scope="module")
def walked():
    draw = np.random.default_rng(5)
    tells, hints = draw.normal(size=(2, ROWS))
    noisy = tells + 0.4 * hints + draw.normal(0, 0.5, ROWS)
    direction = np.digitize(noisy, [-0.5, 0.5]) - 1
    noise = draw.normal(size=ROWS)
    features = np.column_stack([tells, hints, noise, np.full(ROWS, 3.0), noise + 1])
    features[draw.random(features.shape) < 0.02] = np.nan
    features[:, NAMES.index("constant")] = 3.0
    decided = np.arange(ROWS, dtype=np.int64) * 10
    walk = walk_forward(
        features,
        direction,
        decided,
        decided + 5,
        Halves(),
        recipe=Recipe(Boosting(n_estimators=30, max_depth=3)),
        columns=Columns(NAMES, "bank-1"),
    )
    return walk, features, direction


def slow_loss(model, features, direction):
    told = model.predict_proba(features)
    return [-np.log(p[d + 1]) for p, d in zip(told, direction, strict=True)]


def test_what_tells_matters_more_than_what_hints_and_that_more_than_noise(walked):
    for found in (
        permutation_importance(*walked, DRAWN),
        shap_importance(*walked[:2], DRAWN),
    ):
        values = found.values
        assert values["tells"] > values["hints"] > values["noise"]
        assert [name for name, _ in found.top(2)] == ["tells", "hints"]
        assert found.rows == 600


def test_permutation_is_the_loss_with_the_column_shuffled(walked):
    walk, features, direction = walked
    drawn = replace(DRAWN, shuffles=1)
    found = permutation_importance(walk, features, direction, drawn).values["hints"]
    grown = []
    for fold, model in enumerate(walk.models):
        rows = np.flatnonzero(walk.fold == fold)
        draw = np.random.default_rng([7, fold])
        orders = [draw.permutation(len(rows)) for _ in NAMES]
        other = features[rows].copy()
        other[:, 1] = other[orders[1], 1]
        plain = slow_loss(model, features[rows], direction[rows])
        grown += list(np.subtract(slow_loss(model, other, direction[rows]), plain))
    assert found == pytest.approx(np.mean(grown), abs=1e-12)


def test_shap_is_the_mean_size_of_the_contributions(walked):
    walk, features, _ = walked
    found = shap_importance(walk, features, DRAWN).values
    sizes = np.concatenate(
        [
            np.abs(explain(model.fitted, features[walk.fold == fold]).values)
            for fold, model in enumerate(walk.models)
        ]
    )
    for at, name in enumerate(NAMES):
        assert found[name] == pytest.approx(sizes[:, :, at].mean(), rel=1e-9)


def test_a_column_that_no_tree_reads_has_no_importance(walked):
    for found in (
        permutation_importance(*walked, DRAWN),
        shap_importance(*walked[:2], DRAWN),
    ):
        constant = found.intervals[NAMES.index("constant")]
        assert found.values["noise"] != 0
        assert (constant.value, constant.low, constant.high) == (0, 0, 0)


def test_rows_that_only_train_change_nothing(walked):
    walk, features, direction = walked
    others = np.where(walk.tested[:, None], features, 1e6)
    unlike = np.where(walk.tested, direction, -direction)
    one = permutation_importance(walk, features, direction, DRAWN)
    two = permutation_importance(walk, others, unlike, DRAWN)
    assert one.intervals == two.intervals
    shap = shap_importance(walk, features, DRAWN)
    assert shap.intervals == shap_importance(walk, others, DRAWN).intervals


def test_the_same_seed_gives_the_same_and_another_gives_another(walked):
    one, two = (permutation_importance(*walked, DRAWN) for _ in range(2))
    assert one.intervals == two.intervals
    other = permutation_importance(*walked, replace(DRAWN, seed=8))
    assert other.intervals != one.intervals


def test_intervals_hold_their_means_and_are_json(walked):
    found = permutation_importance(*walked, DRAWN)
    told = found.as_mapping()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    for name, part in told["columns"].items():
        assert part["low"] <= part["value"] <= part["high"], name
    assert told["columns"]["tells"]["low"] > 0
    assert (told["rows"], told["level"]) == (600, 0.95)


@pytest.mark.parametrize("block", [1, 10])
def test_intervals_are_as_wide_as_those_of_the_statistics(block):
    draw = np.random.default_rng(1)
    rows = np.cumsum(draw.normal(size=(400, 2)), axis=0)
    rows -= np.roll(rows, 5, axis=0)
    drawn = Resampling(seed=3, block_rows=block, repeats=2_000)
    for at, found in enumerate(bootstrap_means(rows, drawn)):
        right = block_bootstrap(
            lambda x: float(x.mean()),
            rows[:, at],
            block_rows=block,
            repeats=2_000,
            seed=3,
        )
        assert found.value == pytest.approx(right.value)
        width = right.high - right.low
        assert found.low == pytest.approx(right.low, abs=width / 10)
        assert found.high == pytest.approx(right.high, abs=width / 10)


def test_rows_of_another_walk_are_refused(walked):
    walk, features, direction = walked
    with pytest.raises(InputError, match="walked over"):
        permutation_importance(walk, features[:-1], direction[:-1], DRAWN)
    with pytest.raises(InputError, match="walked over"):
        shap_importance(walk, features[:, :-1], DRAWN)
    with pytest.raises(InputError, match="Resampling"):
        Resampling(seed=1, shuffles=0)


def test_only_trees_have_shapley_values(walked):
    walk, features, _ = walked

    class Other:
        name = "other"
        columns = walk.models[0].fitted.columns

    models = tuple(replace(model, fitted=Other()) for model in walk.models)
    with pytest.raises(InputError, match="permutation_importance"):
        shap_importance(replace(walk, models=models), features, DRAWN)


def test_any_model_has_permutation_importance(walked):
    walk, features, direction = walked
    forest = Forest(n_estimators=10, max_depth=5).fit(
        features[:300], direction[:300], columns=walk.models[0].columns
    )
    models = tuple(replace(model, fitted=forest) for model in walk.models)
    found = column_importance(replace(walk, models=models), features, direction, DRAWN)
    assert found.measure == "permutation"
    assert found.top(1)[0][0] == "tells"
    assert column_importance(walk, features, direction, DRAWN).measure == "shap"


def test_columns_that_a_preparation_dropped_have_none(walked):
    walk, features, direction = walked
    kept = np.array([0, 2])
    prepared = Prepared(Columns(NAMES, "bank-1"), kept, {}, 300)
    trees = Boosting(n_estimators=10, max_depth=3)
    models = tuple(
        replace(
            model,
            fitted=trees.fit(
                features[:300, kept], direction[:300], columns=prepared.inner
            ),
            preparation=prepared,
        )
        for model in walk.models
    )
    narrow = replace(walk, models=models)
    for found in (
        permutation_importance(narrow, features, direction, DRAWN),
        shap_importance(narrow, features, DRAWN),
    ):
        assert found.columns.names == NAMES
        assert found.top(1)[0][0] == "tells"
        for name in ("hints", "constant", "twin"):
            assert found.values[name] == 0


class Yesterday:
    """A model of two steps that reads the first column of the step before."""

    name, steps, columns = "yesterday", 2, Columns(NAMES, "bank-1")

    def predict_proba(self, features):
        before = np.nan_to_num(features.gather()[:, 0, 0])
        return np.where(before[:, None] > 0, [0.2, 0.2, 0.6], [0.6, 0.2, 0.2])

    def importance(self):
        return {}


def test_a_column_is_shuffled_with_its_past(walked):
    walk, features, _ = walked
    past = Sequences(features, places_of(np.zeros(ROWS), np.arange(ROWS), 2))
    before = np.nan_to_num(past.gather()[:, 0, 0])
    direction = np.where(before > 0, 1, -1)
    models = tuple(replace(model, fitted=Yesterday()) for model in walk.models)
    deep = replace(walk, models=models)
    found = column_importance(deep, past, direction, DRAWN)
    assert found.measure == "permutation"
    assert found.values["tells"] > 0.05
    assert all(found.values[name] == 0 for name in NAMES[1:])
    array = column_importance(deep, past.gather(), direction, DRAWN)
    assert array.intervals == found.intervals
    with pytest.raises(InputError, match="walked over"):
        permutation_importance(deep, past.take(np.arange(9)), direction[:9], DRAWN)
