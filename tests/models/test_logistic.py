import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tradeloop.errors import ArtefactError, InputError
from tradeloop.models import Logistic, Runtime
from tradeloop.models.base import Columns, Held
from tradeloop.models.check_forecasts import extreme_rows
from tradeloop.models.checks import training_rows
from tradeloop.models.exact import scaled
from tradeloop.models.matrix import as_float32
from tradeloop.models.tensors import pack


@pytest.fixture(scope="module")
def rows():
    return training_rows(1, n_rows=1_500, n_columns=12)


@pytest.fixture(scope="module")
def fitted(rows):
    return Logistic().fit(*rows)


@pytest.mark.parametrize("strength", [0.01, 1.0])
def test_coefficients_are_those_of_scikit_learn(rows, strength):
    weight = np.linspace(0.5, 1.5, len(rows[1]))
    found = Logistic(C=strength).fit(*rows, weight)
    values = scaled(found.scaling, as_float32(rows[0]))
    theirs = LogisticRegression(C=strength, tol=1e-10, max_iter=2_000)
    theirs.fit(values, rows[1], weight / weight.mean())
    assert np.abs(found.linear.coefficients - theirs.coef_).max() < 5e-5
    assert np.abs(found.linear.intercept - theirs.intercept_).max() < 5e-5
    assert np.abs(found.predict_proba(rows[0]) - theirs.predict_proba(values)).max() < (
        5e-5
    )


def test_the_export_gives_the_same_float32_on_10_000_rows(fitted):
    fresh = extreme_rows(training_rows(2, n_rows=4_000, n_columns=12)[0])
    found = Runtime(fitted.to_onnx(), fitted.columns).predict_proba(fresh)
    assert len(fresh) > 10_000
    assert np.abs(found - fitted.predict_proba(fresh)).max() <= 1e-7


def test_contributions_and_the_intercept_are_the_logits(rows, fitted):
    added = fitted.contributions(rows[0])
    assert added.shape == (len(rows[0]), 3, 12)
    logits = added.sum(axis=2) + fitted.linear.intercept
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    expected = raised / raised.sum(axis=1, keepdims=True)
    assert np.abs(fitted.predict_proba(rows[0]) - expected).max() < 1e-14


def test_a_missing_value_contributes_nothing(fitted):
    row = np.full((1, 12), np.nan)
    assert not fitted.contributions(row).any()


def test_a_column_that_never_varied_contributes_nothing(rows):
    features = rows[0].copy()
    features[:, 3] = 5.0
    fitted = Logistic().fit(features, rows[1])
    assert fitted.importance()["f3"] == 0
    features[:, 3] = 9.0
    assert not fitted.contributions(features)[:, :, 3].any()


def test_importance_finds_the_column_that_tells(fitted):
    importance = fitted.importance()
    assert max(importance, key=importance.get) == "f0"


def test_going_on_pulls_towards_what_was_taught(fitted):
    fresh = training_rows(3, n_rows=60, n_columns=12)
    far = Logistic(C=1e-6).fit(*fresh, start=fitted)
    assert np.abs(far.linear.coefficients - fitted.linear.coefficients).max() < 1e-4
    near, anew = Logistic(C=1.0).fit(*fresh, start=fitted), Logistic().fit(*fresh)
    told = (fitted, near, anew)
    judged = training_rows(4, n_rows=3_000, n_columns=12)
    loss = [
        -np.log(one.predict_proba(judged[0])[np.arange(3_000), judged[1] + 1]).mean()
        for one in told
    ]
    assert loss[1] < loss[2]


def test_held_rows_are_left_unread(rows, fitted):
    held = Held(np.full((3, 1), np.inf), np.array([5]))
    assert Logistic().fit(*rows, held=held).to_bytes() == fitted.to_bytes()


@pytest.mark.parametrize(
    ("name", "value"), [("C", 0.0), ("C", np.nan), ("C", np.inf), ("max_iter", 0)]
)
def test_a_parameter_out_of_range_is_named(name, value):
    with pytest.raises(InputError, match=f"Logistic.{name} must be .* was {value}"):
        Logistic(**{name: value})


def test_arrays_of_other_shapes_are_refused(fitted):
    arrays = {
        "centre": fitted.scaling.centre,
        "spread": fitted.scaling.spread,
        "coefficients": fitted.linear.coefficients[:, 1:],
        "intercept": fitted.linear.intercept,
    }
    with pytest.raises(ArtefactError, match="has the shapes"):
        Logistic.load(pack("logistic", arrays), Columns.unnamed(12))
