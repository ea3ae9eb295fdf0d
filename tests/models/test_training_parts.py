"""What a recipe can ask for: held rows, votes, preparation, sequences, going on."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from models.members_given import Echo
from tradeloop.datasets import CombinatorialPurged, PurgedKFold, PurgedWalkForward
from tradeloop.errors import InputError
from tradeloop.models import Boosting, Columns, Recipe, walk_forward
from tradeloop.models.calibrated import Start, fit_calibrated
from tradeloop.models.checks import training_rows
from tradeloop.models.pace import Pace
from tradeloop.models.preparation import Preparation

ROWS, SPAN = 700, 35
TREES = Boosting(n_estimators=4, max_depth=2)
FULL = Recipe(
    members=((TREES, 0.6), (Echo(), 0.4)),
    vote_weights="learned",
    vote_folds=2,
    held_share=0.2,
    class_weight="balanced",
    preparation=Preparation(most_columns=4, by="importance"),
    min_rows=20,
)
FOLDS = PurgedWalkForward(folds=3, min_train_share=0.5)


@pytest.fixture(scope="module")
def data():
    return training_rows(71, n_rows=ROWS)


def times(n_rows=ROWS):
    decided = np.arange(n_rows, dtype=np.int64) * 10
    return decided, decided + SPAN


def instruments():
    return np.arange(ROWS) % 2


def walked(data, recipe=FULL, splitter=FOLDS, **more):
    return walk_forward(*data, *times(), splitter, recipe=recipe, **more)


@pytest.fixture(scope="module")
def walk(data):
    return walked(data, groups=instruments())


def bytes_of(model):
    return (
        model.fitted.to_bytes(),
        model.calibration,
        model.base_rates.tolist(),
        None if model.preparation is None else model.preparation.to_json(),
    )


def test_parts_of_a_fold_are_disjoint_and_purged_of_each_other(walk):
    decided, ended = times()
    for fold, model in enumerate(walk.models):
        parts = [
            model.model_rows,
            model.held_rows,
            model.calibration_rows,
            np.flatnonzero(walk.fold == fold),
        ]
        for earlier, later in pairwise(parts):
            assert ended[earlier].max() < decided[later].min()
        assert min(map(len, parts)) >= 20


def test_every_part_says_which_rows_it_saw(walk):
    splits = list(FOLDS.split(*times()))
    names = {part.part for part in walk.fitted_rows}
    assert names == {
        *("model", "held", "calibration", "base_rates"),
        *("preparation", "vote"),
    }
    for part in walk.fitted_rows:
        assert np.isin(part.rows, splits[part.fold][0]).all()
    for model in walk.models:
        learned = np.union1d(model.model_rows, model.held_rows)
        assert np.isin(model.vote_rows, learned).all()


@pytest.mark.parametrize("what", ["features", "directions", "weights"])
def test_poisoned_test_and_later_rows_change_no_model_of_the_fold(data, walk, what):
    for fold, model in enumerate(walk.models):
        first = int(np.flatnonzero(walk.fold == fold)[0])
        features, direction, weight = data[0].copy(), data[1].copy(), np.ones(ROWS)
        if what == "features":
            features[first:] = 1e6
        elif what == "directions":
            direction[first:] = np.where(direction[first:] == 1, -1, 1)
        else:
            weight[first:] = 0.3
        again = walked(
            (features, direction), weight=weight, groups=instruments()
        ).models[fold]
        assert bytes_of(again) == bytes_of(model)


def test_poison_in_rows_of_the_calibration_changes_no_member_and_no_weight(data, walk):
    model = walk.models[0]
    direction = data[1].copy()
    direction[model.calibration_rows] *= -1
    again = walked((data[0], direction), groups=instruments()).models[0]
    assert again.fitted.to_bytes() == model.fitted.to_bytes()
    assert again.preparation.to_json() == model.preparation.to_json()
    assert again.calibration != model.calibration


@pytest.mark.parametrize(
    "splitter", [PurgedKFold(folds=4)], ids=["training on both sides"]
)
def test_sequences_of_training_rows_never_hold_a_test_row(data, splitter):
    recipe = Recipe(Echo(steps=5))
    plain = walked(data, recipe, splitter)
    for fold in range(3):
        features = data[0].copy()
        features[plain.fold == fold] = 1e6
        again = walked((features, data[1]), recipe, splitter)
        assert bytes_of(again.models[fold]) == bytes_of(plain.models[fold])


def test_sequences_stay_within_their_group_and_reach_back_only(data):
    recipe = Recipe(Echo(steps=3))
    plain = walked(data, recipe, groups=instruments())
    features = data[0].copy()
    odd = instruments() == 1
    features[odd] += 9
    again = walked((features, data[1]), recipe, groups=np.where(odd, 1, 0))
    rows = (plain.fold == 0) & ~odd
    raw = [w.models[0].fitted for w in (plain, again)]
    assert raw[0].heard != raw[1].heard
    later = data[0].copy()
    later[-1] = 50.0
    third = walked((later, data[1]), recipe, groups=instruments())
    same = plain.tested.copy()
    same[-1] = False
    assert np.array_equal(third.probabilities[same], plain.probabilities[same])
    assert rows.any()


def test_a_model_of_several_horizons_gets_their_directions(data):
    further = np.column_stack([data[1], -data[1]])
    walk = walked(data, Recipe(Echo()), further=further)
    rows = len(walk.models[0].model_rows)
    assert walk.models[0].fitted.heard[:2] == (rows, 3)
    with pytest.raises(InputError, match="n_further"):
        walked(data, Recipe(Echo()), further=data[1])


def test_learned_weights_favour_the_member_that_knows(data):
    members = ((Boosting(n_estimators=30, max_depth=3), 0.5), (Echo(), 0.5))
    recipe = Recipe(members=members, vote_weights="learned", vote_folds=2)
    learned = walked(data, recipe).models[-1].fitted
    given = walked(data, replace(recipe, vote_weights="given")).models[-1].fitted
    assert [m.weight for m in given.members] == [0.5, 0.5]
    assert learned.members[0].weight > 0.8
    assert sum(m.weight for m in learned.members) == pytest.approx(1)
    assert not len(
        walked(data, replace(recipe, vote_weights="given")).models[0].vote_rows
    )


def test_balanced_classes_shift_the_trees_and_the_calibration_shifts_back():
    draw = np.random.default_rng(5)
    features = draw.normal(size=(ROWS, 5))
    direction = draw.choice([-1, 0, 1], ROWS, p=[0.1, 0.2, 0.7])
    raws = {}
    for how in ("none", "balanced"):
        recipe = Recipe(TREES, class_weight=how)
        model = fit_calibrated(features, direction, *times(), recipe=recipe)
        raws[how] = model.raw(features).mean(axis=0)
        means = model.predict_proba(features).mean(axis=0)
        assert np.abs(means - model.base_rates).max() < 0.06
    assert raws["none"][2] > 0.6
    assert np.abs(raws["balanced"] - 1 / 3).max() < 0.05


def test_held_rows_stop_the_trees_early():
    draw = np.random.default_rng(6)
    noise, direction = draw.normal(size=(ROWS, 5)), draw.choice([-1, 0, 1], ROWS)
    long = Boosting(n_estimators=80, max_depth=4, early_stopping_rounds=3)
    sizes = [
        len(
            fit_calibrated(
                noise, direction, *times(), recipe=Recipe(long, held_share=share)
            ).fitted.to_bytes()
        )
        for share in (0.0, 0.25)
    ]
    assert sizes[1] < sizes[0] / 4


def test_a_model_with_a_preparation_takes_every_column_and_sees_the_kept_ones(data):
    columns = Columns(tuple("abcdef"), "bank")
    spoiled = data[0].copy()
    spoiled[:, 1], spoiled[:, 4] = 7.0, np.nan
    recipe = Recipe(TREES, preparation=Preparation())
    model = fit_calibrated(spoiled, data[1], *times(), recipe=recipe, columns=columns)
    assert model.fitted.columns.names == tuple("acdf")
    assert set(model.preparation.dropped) == {"b", "e"}
    changed = spoiled.copy()
    changed[:, [1, 4]] = 3.0
    assert np.array_equal(
        model.predict_proba(changed, columns), model.predict_proba(spoiled)
    )
    with pytest.raises(InputError, match="shape"):
        model.predict_proba(spoiled[:, :4])


def test_a_fold_goes_on_from_the_fold_before_where_that_saw_nothing_of_its_test(data):
    recipe = Recipe(TREES, warm=True)
    walk = walked(data, recipe)
    first, second, _ = walk.models
    assert not len(first.start_rows)
    assert np.array_equal(second.start_rows, first.model_rows)
    sizes = [len(model.fitted.to_bytes()) for model in walk.models]
    assert sizes == sorted(sizes)
    assert sizes[1] > 1.4 * sizes[0]
    cold = walked(data, recipe, PurgedKFold(folds=4))
    assert not any(len(model.start_rows) for model in cold.models)


def test_a_parent_that_saw_the_test_is_no_start(data):
    parent = fit_calibrated(
        data[0][:300], data[1][:300], *times(300), recipe=Recipe(TREES)
    )
    seen = np.arange(300)
    until_ns = int(times()[1][299])
    start = Start(parent.fitted, until_ns, seen)
    walk = walked(data, Recipe(TREES), start=start)
    assert [left.fold for left in walk.skipped] == [0]
    assert "had learned from labels known at" in walk.skipped[0].reason
    assert all(np.array_equal(m.start_rows, seen) for m in walk.models)
    late = replace(start, until_ns=10**9)
    with pytest.raises(InputError, match="had learned from labels"):
        walked(data, Recipe(TREES), start=late)
    with pytest.raises(InputError, match="had learned from labels"):
        fit_calibrated(*data, *times(), recipe=Recipe(TREES), start=late)
    with pytest.raises(InputError, match="no member 'echo'"):
        walked(data, Recipe(Echo()), start=start)


class Memory(dict):
    def put(self, key, content):
        self[key] = content


def test_finished_folds_are_not_fitted_again(data, walk):
    memory, heard = Memory(), []
    ticks = iter(range(10_000))

    def go(recipe=FULL):
        heard.clear()
        return walked(
            data,
            recipe,
            groups=instruments(),
            kept=memory,
            pace=Pace(heard.append, lambda: float(next(ticks))),
        )

    first = go()
    assert [step.part for step in heard] == ["boosting", "echo", "vote"] * 3
    assert heard[-1].eta_s == 0
    assert all(step.seconds == 1.0 for step in heard)
    again = go()
    assert [step.part for step in heard] == ["kept"] * 3
    assert np.array_equal(again.probabilities, first.probabilities, equal_nan=True)
    assert np.array_equal(first.probabilities, walk.probabilities, equal_nan=True)
    for one, two in zip(again.models, first.models, strict=True):
        assert bytes_of(one) == bytes_of(two)
        assert np.array_equal(one.vote_rows, two.vote_rows)
    last = list(memory)[-1]
    memory[last] = memory[last][:100]
    go()
    assert [step.part for step in heard] == ["kept", "kept", "boosting", "echo", "vote"]
    go(replace(FULL, ridge=5.0))
    assert "kept" not in [step.part for step in heard]


def test_combinatorial_folds_are_refused_as_they_test_rows_twice(data):
    with pytest.raises(InputError, match="which an earlier fold tests"):
        walked(data, Recipe(TREES), CombinatorialPurged())
