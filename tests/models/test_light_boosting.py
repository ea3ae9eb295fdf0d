import subprocess
import sys

import lightgbm
import numpy as np
import pytest

from tradeloop.errors import ArtefactError, InputError
from tradeloop.models import LightBoosting, Runtime
from tradeloop.models.base import Columns, Held
from tradeloop.models.check_forecasts import extreme_rows
from tradeloop.models.checks import training_rows

WIDTH = 8


@pytest.fixture(scope="module")
def rows():
    """Rows of which the second half of the columns has no missing value."""
    features, direction = training_rows(1, n_rows=1_200, n_columns=WIDTH)
    features[:, 4:] = np.nan_to_num(features[:, 4:])
    return features, direction


@pytest.fixture(scope="module")
def fitted(rows):
    return LightBoosting(n_estimators=40).fit(*rows)


def rounds(fitted):
    return len(fitted.trees) // 3


def at_thresholds(fitted):
    """Rows with each threshold, its neighbours and tiny values in its column."""
    trees = fitted.trees
    inner = np.flatnonzero(~trees.is_leaf)
    found = np.random.default_rng(2).normal(size=(5 * len(inner), WIDTH))
    found = found.astype(np.float32)
    for at, node in enumerate(inner):
        value = trees.threshold[node]
        near = [value, np.nextafter(value, np.float32(9)), np.float32(1e-40)]
        near += [np.nextafter(value, np.float32(-9)), np.float32(-1e-35)]
        found[5 * at : 5 * at + 5, trees.feature[node]] = near
    return found


def test_probabilities_equal_those_of_lightgbm(rows, fitted):
    fresh = np.vstack([extreme_rows(rows[0]), at_thresholds(fitted)])
    expected = fitted.booster().predict(fresh.astype(np.float32))
    assert np.abs(fitted.predict_proba(fresh) - expected).max() <= 1e-12


def test_the_export_is_equal_on_10_000_rows_and_at_every_threshold(fitted):
    fresh = training_rows(3, n_rows=10_000, n_columns=WIDTH)[0]
    fresh = np.vstack([extreme_rows(fresh), at_thresholds(fitted)])
    found = Runtime(fitted.to_onnx(), fitted.columns).predict_proba(fresh)
    assert np.abs(found - fitted.predict_proba(fresh)).max() <= 1e-7


def test_the_trees_are_those_that_lightgbm_grows(rows, fitted):
    data = lightgbm.Dataset(
        rows[0].astype(np.float32), rows[1] + 1, params={"max_bin": 64, "verbosity": -1}
    )
    parameters = {
        "objective": "multiclass",
        "num_class": 3,
        "max_depth": 6,
        "num_leaves": 31,
        "min_data_in_leaf": 20,
        "learning_rate": 0.1,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "feature_fraction": 0.8,
        "seed": 42,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
    theirs = lightgbm.train(parameters, data, 40)
    expected = theirs.predict(rows[0].astype(np.float32))
    assert np.abs(fitted.predict_proba(rows[0]) - expected).max() <= 1e-12


def test_importance_is_the_share_of_the_total_gain(fitted):
    gain = fitted.booster().feature_importance(importance_type="gain")
    found = list(fitted.importance().values())
    assert found == pytest.approx(gain / gain.sum(), rel=1e-4)
    assert np.argmax(found) == 0


def test_the_number_of_threads_does_not_change_a_byte(rows, fitted):
    two = LightBoosting(n_estimators=40, n_jobs=2).fit(*rows)
    assert two.to_bytes() == fitted.to_bytes()


def test_a_loaded_model_scores_without_lightgbm(tmp_path, fitted):
    (tmp_path / "model.txt").write_bytes(fitted.to_bytes())
    code = (
        "import sys; sys.modules['lightgbm'] = None\n"
        "import numpy as np\n"
        "from tradeloop.models import Columns, LightBoosting\n"
        f"content = open({str(tmp_path / 'model.txt')!r}, 'rb').read()\n"
        f"model = LightBoosting.load(content, Columns.unnamed({WIDTH}))\n"
        f"print(model.predict_proba(np.zeros((1, {WIDTH}))).tolist())\n"
        "model.to_onnx(), model.importance()\n"
        "try: LightBoosting().fit(np.eye(3), [-1, 0, 1])\n"
        "except ImportError as error: print(error)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert told[0] == str(fitted.predict_proba(np.zeros((1, WIDTH))).tolist())
    assert "pip install 'tradeloop[lightgbm]'" in told[1]


def test_held_rows_stop_the_rounds_at_the_best_one(rows):
    held = Held(*training_rows(4, n_rows=300, n_columns=WIDTH))
    stopped = LightBoosting(early_stopping_rounds=5).fit(*rows, held=held)
    best = rounds(stopped)
    assert best < 95
    alone = LightBoosting(n_estimators=best).fit(*rows)
    assert stopped.to_bytes() == alone.to_bytes()


def test_held_rows_are_unread_where_nothing_is_to_be_stopped(rows, fitted):
    held = Held(np.full((3, 1), np.inf), np.array([5]))
    model = LightBoosting(n_estimators=40, early_stopping_rounds=0)
    assert model.fit(*rows, held=held).to_bytes() == fitted.to_bytes()


def test_going_on_keeps_the_trees_and_adds_rounds(fitted):
    fresh = training_rows(5, n_rows=400, n_columns=WIDTH)
    further = LightBoosting(n_estimators=5).fit(*fresh, start=fitted)
    assert rounds(further) == 45
    kept = len(fitted.trees.feature)
    assert np.array_equal(further.trees.feature[:kept], fitted.trees.feature)
    again = LightBoosting(n_estimators=5).fit(*fresh, start=fitted)
    assert further.to_bytes() == again.to_bytes()


def test_too_few_rows_for_a_split_are_refused():
    features, direction = training_rows(6, n_rows=30)
    with pytest.raises(InputError, match="needs 40 rows to split, had 30"):
        LightBoosting().fit(features, direction)
    assert LightBoosting(min_child_samples=5).fit(features, direction)


def test_a_missing_value_that_training_never_saw_counts_as_0(rows, fitted):
    gone, zero = rows[0][:50].copy(), rows[0][:50].copy()
    gone[:, 5], zero[:, 5] = np.nan, 0.0
    assert np.array_equal(fitted.predict_proba(gone), fitted.predict_proba(zero))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_estimators", 0),
        ("max_depth", 0),
        ("num_leaves", 1),
        ("min_child_samples", 0),
        ("max_bin", 1),
        ("learning_rate", 0.0),
        ("subsample", 1.5),
        ("colsample_bytree", -0.1),
        ("early_stopping_rounds", -1),
        ("n_jobs", 0),
    ],
)
def test_a_parameter_out_of_range_is_named(name, value):
    rule = f"LightBoosting.{name} must be .* was {value}"
    with pytest.raises(InputError, match=rule):
        LightBoosting(**{name: value})


def test_every_shortened_text_is_refused(fitted):
    content = fitted.to_bytes()
    for end in [*range(0, len(content), 997), len(content) - 1]:
        with pytest.raises(ArtefactError):
            LightBoosting.load(content[:end], fitted.columns)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"num_class=3", b"num_class=2"),
        (b"max_feature_idx=7", b"max_feature_idx=8"),
        (b"objective=multiclass", b"objective=multiclas5"),
        (b"num_cat=0", b"num_cat=1"),
        (b"is_linear=0", b"is_linear=1"),
        (b"decision_type=", b"decision_typo="),
        (b"leaf_value=", b"leaf_valve="),
        (b"left_child=1 ", b"left_child=0 "),
        (b"left_child=1 ", b"left_child=\xff "),
        (b"Tree=1\n", b"Tree=2\n"),
        (b"end of trees", b"end of tree5"),
    ],
    ids=lambda part: part.decode("latin-1").strip(),
)
def test_a_bent_text_is_refused(fitted, old, new):
    content = fitted.to_bytes()
    assert old in content
    with pytest.raises(ArtefactError):
        LightBoosting.load(content.replace(old, new, 1), fitted.columns)


def test_a_model_of_another_objective_is_refused(rows):
    data = lightgbm.Dataset(rows[0], rows[1], params={"verbosity": -1})
    other = lightgbm.train({"objective": "regression", "verbosity": -1}, data, 3)
    text = other.model_to_string()
    content = (
        text.split("end of trees")[0] + "end of trees\n\npandas_categorical:null\n"
    )
    with pytest.raises(ArtefactError):
        LightBoosting.load(content.encode(), Columns.unnamed(WIDTH))
