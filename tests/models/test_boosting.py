import numpy as np
import pytest

from reference.trees import boosting_oracle
from tradeloop.errors import ArtefactError, InputError
from tradeloop.models import Boosting, Columns
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


def test_a_row_of_weight_zero_teaches_nothing():
    features, direction = training_rows(4)
    foreign = np.vstack([features, 100 + features])
    labels = np.concatenate([direction, -direction])
    weight = np.repeat([1.0, 0.0], len(features))
    whole = Boosting(n_estimators=5, subsample=1.0, colsample_bytree=1.0)
    with_ghosts = whole.fit(foreign, labels, weight).predict_proba(features)
    without = whole.fit(features, direction).predict_proba(features)
    assert np.abs(with_ghosts - without).max() < 0.05


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
