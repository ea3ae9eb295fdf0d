import subprocess
import sys
import textwrap

import numpy as np
import pytest

from tradeloop.errors import ArtefactError, InputError
from tradeloop.models import Boosting, Columns, Runtime
from tradeloop.models.forest import Forest
from tradeloop.models.graph import Graph
from tradeloop.models.light_boosting import LightBoosting
from tradeloop.models.logistic import Logistic
from tradeloop.models.sequences import Sequences, places_of


@pytest.fixture(scope="module")
def runtime(export, columns):
    return Runtime(export.content, columns)


def test_one_row_equals_many_rows_to_the_bit(runtime, rows):
    many = runtime.predict_proba(rows[0])
    single = [runtime.predict_proba(row[None])[0] for row in rows[0]]
    assert np.array_equal(many, np.array(single))
    assert runtime.predict_proba(rows[0][:0]).shape == (0, 3)


def test_float64_is_cast_once_the_same_way_for_original_and_export(runtime, model):
    draw = np.random.default_rng(1)
    wide = draw.normal(size=(500, 6)) * 10.0 ** draw.integers(-9, 9, (500, 6))
    ours, original = runtime.predict_proba(wide), model.fitted.predict_proba(wide)
    assert np.abs(ours - original).max() <= 1e-6
    assert np.array_equal(ours, runtime.predict_proba(wide.astype(np.float32)))


def test_strange_rows_are_refused(runtime, columns, rows):
    with pytest.raises(ArtefactError, match="bank 'bank-1'"):
        runtime.predict_proba(rows[0], Columns(columns.names, "another"))
    with pytest.raises(InputError, match=r"shape \(n_rows, 6\)"):
        runtime.predict_proba(rows[0][:, :5])
    with pytest.raises(InputError, match="finite in float32"):
        runtime.predict_proba(np.full((1, 6), np.inf))


def test_foreign_bytes_are_refused(export, columns):
    for foreign in (b"", b"no model", export.content[:1000]):
        with pytest.raises(ArtefactError, match="no model that ONNX Runtime can load"):
            Runtime(foreign, columns)
    with pytest.raises(ArtefactError, match=r"expected is features of \(2,\) a row"):
        Runtime(export.content, Columns(("a", "b")))
    with pytest.raises(ArtefactError, match=r"expected is features of \(3, 6\) a row"):
        Runtime(export.content, columns, 3)


def products(columns=6, steps=4, hidden=40):
    """A small LSTM: matrix products of many shapes."""
    draw = np.random.default_rng(9)

    def weights(*shape):
        return graph.constant(draw.normal(size=shape).astype(np.float32) / 3)

    graph = Graph("products")
    missing = graph.add("IsNaN", "features")
    known = graph.add("Where", missing, graph.constant(np.float32(0)), "features")
    turned = graph.add("Transpose", known, perm=[1, 0, 2])
    shapes = (1, 4 * hidden, columns), (1, 4 * hidden, hidden), (1, 8 * hidden)
    inputs = [weights(*shape) for shape in shapes]
    found = graph.add("LSTM", turned, *inputs, outputs=2, hidden_size=hidden)
    last = graph.add("Squeeze", f"{found}_1", graph.constant(np.array([0])))
    logits = graph.add("MatMul", last, weights(hidden, 3))
    probabilities = graph.add("Softmax", logits, axis=-1)
    return graph.build(probabilities, columns=columns, steps=steps)


@pytest.fixture(scope="module")
def deep(columns):
    return Runtime(products(), columns, 4)


@pytest.fixture(scope="module")
def past(rows):
    group = np.arange(len(rows[0])) % 5
    return Sequences(rows[0], places_of(group, np.arange(len(rows[0])), 4))


def test_one_sequence_equals_many_sequences_to_the_bit(deep, past):
    many = deep.predict_proba(past)
    assert np.abs(many.sum(axis=1) - 1).max() < 1e-6
    single = [deep.predict_proba(past.take([at]))[0] for at in range(len(past))]
    assert np.array_equal(many, np.array(single))
    assert np.array_equal(many, deep.predict_proba(past.gather()))
    assert deep.predict_proba(past.take(np.arange(0))).shape == (0, 3)


@pytest.mark.parametrize("kind", [Boosting, Forest, LightBoosting, Logistic])
def test_every_kind_of_model_scores_a_row_alone_as_among_others(kind, rows):
    fitted = kind().fit(*rows)
    asked = Runtime(fitted.to_onnx(), fitted.columns)
    assert asked._at_once == (kind is not Logistic)
    many = asked.predict_proba(rows[0])
    single = [asked.score_row(row.astype(np.float32)) for row in rows[0]]
    assert np.array_equal(many, np.array(single))


def test_of_longer_sequences_the_last_steps_are_read(deep, rows, past):
    group = np.arange(len(rows[0])) % 5
    longer = Sequences(rows[0], places_of(group, np.arange(len(rows[0])), 9))
    assert np.array_equal(deep.predict_proba(longer), deep.predict_proba(past))


def test_a_model_of_one_step_reads_the_last_step(runtime, rows, past):
    assert np.array_equal(runtime.predict_proba(past), runtime.predict_proba(rows[0]))


@pytest.mark.parametrize("kind", ["runtime", "deep"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_fast_path_says_the_same_to_the_bit(kind, dtype, past, request):
    asked = request.getfixturevalue(kind)
    windows = past.gather().astype(dtype)
    many = asked.predict_proba(past)
    for window, expected in zip(windows, many, strict=True):
        assert np.array_equal(asked.score_row(window), expected)
    if asked.steps == 1:
        assert np.array_equal(asked.score_row(windows[3, -1]), many[3])
    else:
        view = np.asfortranarray(windows[3])
        assert np.array_equal(asked.score_row(view), many[3])


def test_the_fast_path_refuses_what_the_slow_one_refuses(runtime, deep):
    narrow = np.zeros((4, 6), np.float32)
    with pytest.raises(InputError, match=r"must have the shape \(6,\)"):
        runtime.score_row(narrow[:, :5])
    with pytest.raises(InputError, match=r"must have the shape \(4, 6\)"):
        deep.score_row(narrow[:3])
    with pytest.raises(InputError, match=r"must have the shape \(4, 6\)"):
        deep.score_row(narrow[0])
    for dtype, value in (("f4", np.inf), ("f8", -np.inf), ("f8", 1e300)):
        odd = narrow.astype(dtype)
        odd[3, 2] = value
        for asked in (runtime, deep):
            with pytest.raises(InputError, match="finite in float32"):
                asked.score_row(odd)


def test_scoring_changes_nothing_that_it_was_given(deep, runtime, past):
    window = past.gather()[5].astype(np.float32)
    before = window.copy()
    deep.score_row(window)
    runtime.score_row(window)
    assert np.array_equal(window, before, equal_nan=True)


def test_a_runtime_may_see_fewer_columns_than_it_takes(columns, past, rows):
    kept = np.array([5, 0, 3])
    narrow = Runtime(products(columns=3), columns, 4, kept=kept)
    inner = Runtime(products(columns=3), Columns(("f", "a", "d")), 4)
    theirs = inner.predict_proba(past.gather()[..., kept])
    assert np.array_equal(narrow.predict_proba(past), theirs)
    window = past.gather()[9].astype(np.float32)
    assert np.array_equal(narrow.score_row(window), theirs[9])


def test_scoring_loads_no_trainer(files, rows, tmp_path):
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    code = """
        import sys
        from pathlib import Path
        import numpy as np
        from tradeloop.models.artefact import read_artefact
        from tradeloop.models.runtime import Runtime
        from tradeloop.signals import Gate, Policy, Scorer

        found = {path.name: path.read_bytes() for path in Path(sys.argv[1]).iterdir()}
        scorer = Scorer.of(read_artefact(found))
        names = scorer.meta.columns.names
        Gate(scorer, Policy()).judge(np.zeros((3, 6)), "bank-1", names)
        row = scorer.score(np.zeros((1, 6)), "bank-1", names)
        trainers = {"xgboost", "sklearn", "onnx", "arch", "jax", "lightgbm"}
        assert "onnxruntime" in sys.modules
        print(row.sum(), sorted(trainers & set(sys.modules)))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    total, trainers = done.stdout.split(maxsplit=1)
    assert float(total) == pytest.approx(1)
    assert trainers.strip() == "[]"
