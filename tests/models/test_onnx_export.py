import numpy as np
import pytest

from reference.trees import thresholds
from tradeloop.errors import ArtefactError, InputError
from tradeloop.models import Boosting, Columns, Runtime, export_onnx
from tradeloop.models.checks import training_rows
from tradeloop.models.graph import Graph
from tradeloop.models.onnx_export import export_members, extremes, parity_of
from tradeloop.models.sequences import Sequences, places_of
from tradeloop.models.vote import Member, Vote


def test_export_is_equal_on_the_rows_and_on_missing_values(model, rows, export):
    assert export.parity <= 1e-6
    assert export.rows == len(rows[0]) + 10
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


def test_extreme_rows_reach_beyond_the_range_of_each_column(rows):
    narrow = rows[0].astype(np.float32)
    narrow[:, 3] = np.nan
    probes = extremes(narrow)
    assert probes.shape == (10, 6)
    assert np.isfinite(probes).sum() == 9 * 6
    assert np.nanmax(probes) == np.finfo("f4").max
    assert (np.nanmin(probes[6:], axis=0) <= np.nanmin(np.nan_to_num(narrow), 0)).all()
    past = extremes(Sequences.of(np.repeat(narrow[:, None], 3, axis=1)))
    assert past.shape == (10, 3, 6)
    assert np.array_equal(past.last(), probes, equal_nan=True)


class Sums:
    """A model of three steps: the share of up grows with the sum of all steps."""

    name = "sums"
    steps = 3

    def __init__(self, columns, off=0.0):
        self.columns, self.off = columns, off

    def _shares(self, values):
        total = np.clip(np.nan_to_num(values), -1, 1).sum(axis=(1, 2))
        up = np.clip(total / (2 * self.steps * len(self.columns.names)), -0.5, 0.5)
        return np.stack([0.5 - up, 0 * up, 0.5 + up], axis=1)

    def predict_proba(self, features):
        return self._shares(features.gather().astype(np.float64)) + self.off

    def to_onnx(self):
        graph = Graph("sums")
        one, zero = np.float32(1), np.float32(0)
        clipped = graph.add(
            "Clip", "features", graph.constant(-one), graph.constant(one)
        )
        missing = graph.add("IsNaN", "features")
        known = graph.add("Where", missing, graph.constant(zero), clipped)
        whole = graph.add(
            "ReduceSum", known, graph.constant(np.array([1, 2])), keepdims=0
        )
        scale = np.float32(2 * self.steps * len(self.columns.names))
        up = graph.add("Div", whole, graph.constant(scale))
        column = graph.add("Unsqueeze", up, graph.constant(np.array([1])))
        slope = graph.constant(np.array([[-1, 0, 1]], np.float32))
        base = graph.constant(np.array([[0.5, 0, 0.5]], np.float32))
        shares = graph.add("Add", graph.add("MatMul", column, slope), base)
        return graph.build(shares, columns=len(self.columns.names), steps=self.steps)


@pytest.fixture
def past():
    draw = np.random.default_rng(3)
    values = draw.normal(size=(90, 4))
    values[draw.random(values.shape) < 0.1] = np.nan
    return Sequences(values, places_of(np.arange(90) % 3, np.arange(90), 3))


def test_a_model_of_several_steps_is_compared_on_sequences(past):
    fitted = Sums(Columns(tuple("abcd")))
    found = export_onnx(fitted, past)
    assert found.parity <= 1e-6
    assert found.rows == 100
    assert export_onnx(fitted, past.gather()) == found
    with pytest.raises(ArtefactError, match="of the sums differs from the original"):
        export_onnx(Sums(fitted.columns, off=1e-5), past)
    with pytest.raises(InputError, match="looks at 3 rows"):
        export_onnx(fitted, np.zeros((5, 4)))


def test_a_forecast_of_nan_is_not_exported(past):
    with pytest.raises(ArtefactError, match="by nan"):
        export_onnx(Sums(Columns(tuple("abcd")), off=np.nan), past)


def test_each_member_of_a_vote_is_exported_by_itself(past):
    columns = Columns(tuple("abcd"))
    features, direction = training_rows(34, n_columns=4)
    trees = Boosting(n_estimators=3).fit(features, direction, columns=columns)
    vote = Vote((Member("trees", 0.6, trees), Member("sums", 0.4, Sums(columns))))
    first, second = export_members(vote, past)
    assert first.content == trees.to_onnx()
    assert second.content == Sums(columns).to_onnx()
    with pytest.raises(ArtefactError, match="Use export_members"):
        export_onnx(vote, past)
    with pytest.raises(InputError, match="looks at 3 rows"):
        export_members(vote, features)
