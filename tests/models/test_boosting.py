import numpy as np
import pytest

from reference.trees import boosting_oracle
from tradeloop.errors import ArtefactError, InputError
from tradeloop.models import Boosting, Columns, Forest
from tradeloop.models.base import Held
from tradeloop.models.checks import training_rows


def test_probabilities_equal_a_walk_through_the_trees(model, rows):
    few = rows[0][:60]
    expected = boosting_oracle(model.fitted.booster, few.astype(np.float32))
    assert np.abs(model.fitted.predict_proba(few) - expected).max() < 1e-6


def test_the_number_of_threads_does_not_change_a_byte():
    features, direction = training_rows(3)
    one = Boosting(n_estimators=10).fit(features, direction)
    two = Boosting(n_estimators=10, n_jobs=2).fit(features, direction)
    assert one.to_bytes() == two.to_bytes()
    assert np.array_equal(one.predict_proba(features), two.predict_proba(features))


def test_another_seed_gives_other_trees():
    features, direction = training_rows(3)
    fits = [
        Boosting(n_estimators=5, random_state=seed).fit(features, direction)
        for seed in (1, 2)
    ]
    assert fits[0].to_bytes() != fits[1].to_bytes()


def test_native_inplace_and_matrix_prediction_agree_to_the_bit(model, rows):
    import xgboost  # noqa: PLC0415

    matrix = xgboost.DMatrix(rows[0].astype(np.float32), missing=np.nan)
    expected = model.fitted.booster.predict(matrix)
    assert np.array_equal(model.fitted.predict_proba(rows[0]), expected)


def test_importance_finds_the_column_that_tells(model):
    importance = model.fitted.importance()
    assert max(importance, key=importance.get) == "a"
    assert sum(importance.values()) == pytest.approx(1)
    assert list(importance) == list("abcdef")


def test_a_column_without_a_split_has_no_importance():
    features, direction = training_rows(5)
    features[:, 3] = 7.0
    fitted = Boosting(n_estimators=5).fit(features, direction)
    assert fitted.importance()["f3"] == 0.0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_estimators", 0),
        ("max_depth", 0),
        ("n_jobs", 0),
        ("max_bin", 1),
        ("learning_rate", 0.0),
        ("subsample", 1.5),
        ("early_stopping_rounds", -1),
        ("random_state", -1),
        ("colsample_bytree", -0.1),
    ],
)
def test_a_parameter_out_of_range_is_named(name, value):
    with pytest.raises(InputError, match=f"Boosting.{name} must be .* was {value}"):
        Boosting(**{name: value})


def test_the_defaults_are_the_agreed_ones():
    assert Boosting().get_params() == {
        "n_estimators": 100,
        "max_depth": 6,
        "learning_rate": 0.1,
        "subsample": 0.8,
        "colsample_bytree": 0.8,
        "max_bin": 64,
        "early_stopping_rounds": 20,
        "random_state": 42,
        "n_jobs": 1,
    }


def test_a_booster_of_another_objective_is_refused():
    import xgboost  # noqa: PLC0415

    features, direction = training_rows(6)
    matrix = xgboost.DMatrix(features, label=direction)
    other = xgboost.train({"objective": "reg:squarederror"}, matrix, 2)
    with pytest.raises(ArtefactError, match="objective reg:squarederror"):
        Boosting.load(bytes(other.save_raw("ubj")), Columns.unnamed(6))


def test_equal_bytes_are_equal_models(model):
    loaded = Boosting.load(model.fitted.to_bytes(), model.fitted.columns)
    assert loaded == model.fitted


def rounds(fitted):
    return fitted.booster.num_boosted_rounds()


def test_held_rows_stop_the_rounds_at_the_best_one():
    features, direction = training_rows(7)
    held = Held(*training_rows(8))
    stopped = Boosting(early_stopping_rounds=5).fit(features, direction, held=held)
    best = rounds(stopped)
    assert best < 95
    losses = []
    for more in (best - 1, best, best + 1, best + 5):
        found = Boosting(n_estimators=more).fit(features, direction)
        told = found.predict_proba(held.features)
        losses.append(-np.log(told[np.arange(300), held.direction + 1]).mean())
    assert min(losses) == losses[1]
    alone = Boosting(n_estimators=best).fit(features, direction)
    assert stopped.to_bytes() == alone.to_bytes()


def test_held_rows_are_unread_where_nothing_is_to_be_stopped():
    features, direction = training_rows(7)
    model = Boosting(n_estimators=30, early_stopping_rounds=0)
    with_held = model.fit(features, direction, held=Held(*training_rows(8)))
    assert with_held.to_bytes() == model.fit(features, direction).to_bytes()


def test_no_held_rows_are_refused():
    features, direction = training_rows(7)
    with pytest.raises(InputError, match="held: Training cannot be stopped by held"):
        Boosting().fit(features, direction, held=Held(features[:0], direction[:0]))


def test_going_on_keeps_the_trees_and_adds_rounds():
    first = Boosting(n_estimators=12).fit(*training_rows(9))
    further = Boosting(n_estimators=5).fit(*training_rows(10), start=first)
    assert rounds(further) == 17
    assert further.booster[:12].get_dump() == first.booster.get_dump()


def test_a_start_of_another_kind_is_named():
    features, direction = training_rows(9)
    forest = Forest(n_estimators=2).fit(features, direction)
    with pytest.raises(InputError, match="goes on from a fitted boosting only, was fo"):
        Boosting().fit(features, direction, start=forest)


def test_every_shortened_or_bent_booster_is_refused_and_ends_no_process(model):
    content = model.fitted.to_bytes()
    for end in range(0, len(content), 997):
        with pytest.raises(ArtefactError):
            Boosting.load(content[:end], model.fitted.columns)
    child = content.index(b"left_children") + len(b"left_children[$l#L") + 8
    bent = content[:child] + b"\x7f\xff\xff\xff" + content[child + 4 :]
    with pytest.raises(ArtefactError, match="a child or a column that does not"):
        Boosting.load(bent, model.fitted.columns)
