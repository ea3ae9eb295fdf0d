import numpy as np
import pytest

from reference.trees import thresholds
from tradeloop.errors import ArtefactError, InputError
from tradeloop.models import Boosting, Runtime, export_onnx
from tradeloop.models.checks import training_rows
from tradeloop.models.onnx_export import parity_of


def test_export_is_equal_on_the_rows_and_on_missing_values(model, rows, export):
    assert export.parity <= 1e-6
    assert export.rows == len(rows[0]) + 1
    missing = np.full((1, 6), np.nan)
    ours = Runtime(export.content, model.fitted.columns).predict_proba(missing)
    assert np.abs(ours - model.fitted.predict_proba(missing)).max() <= 1e-6


def test_export_is_equal_at_and_just_below_every_threshold(model, export, rows):
    found = thresholds(model.fitted.booster)
    assert len(found) > 100
    probe = np.resize(rows[0].astype(np.float32), (2 * len(found), 6))
    for at, (column, threshold) in enumerate(found):
        probe[2 * at, column] = threshold
        probe[2 * at + 1, column] = np.nextafter(threshold, np.float32(-np.inf))
    assert parity_of(export.content, model.fitted, probe) <= 1e-6


def test_unequal_classes_keep_their_base_score():
    features, direction = training_rows(31, n_rows=600)
    rare = (direction == 1) | (np.arange(600) % 9 == 0)
    fitted = Boosting(n_estimators=2).fit(features[rare], direction[rare])
    assert export_onnx(fitted, features).parity <= 1e-6


def test_trees_without_a_split_are_exported():
    features, direction = training_rows(32, n_rows=40)
    stump = Boosting(n_estimators=3, subsample=0.02)
    fitted = stump.fit(features, direction)
    assert thresholds(fitted.booster) == []
    assert export_onnx(fitted, features).parity <= 1e-6


def test_the_same_booster_gives_the_same_bytes(model, rows, export):
    assert export_onnx(model.fitted, rows[0]).content == export.content


def test_a_difference_above_the_tolerance_is_an_error(model, rows):
    with pytest.raises(ArtefactError, match="differs from the original by"):
        export_onnx(model.fitted, rows[0], tolerance=-1.0)


def test_another_model_is_found_out_by_its_parity(model, rows, export):
    features, direction = training_rows(33)
    other = Boosting(n_estimators=3).fit(
        features, direction, columns=model.fitted.columns
    )
    assert parity_of(export.content, other, rows[0]) > 1e-3


def test_an_export_without_rows_is_refused(model):
    with pytest.raises(InputError, match="at least one row"):
        export_onnx(model.fitted, np.empty((0, 6)))


def test_a_model_without_an_export_is_refused(rows):
    with pytest.raises(ArtefactError, match="A str has no export"):
        export_onnx("no model", rows[0])
