import numpy as np
import pytest

from tradeloop.errors import ArtefactError
from tradeloop.models import Columns, Runtime
from tradeloop.models.graph import Graph
from tradeloop.models.onnx_export import Export
from tradeloop.models.quantise import KINDS, quantised, variants

STEPS, WIDTH, HIDDEN = 5, 8, 32
BIAS = (1, 8 * HIDDEN)


def lstm(*, far=False, rounded=False):
    """An LSTM with weights of the size that training leaves."""
    draw = np.random.default_rng(2)

    def weights(*shape):
        found = draw.normal(size=shape) / np.sqrt(HIDDEN)
        if far:
            found.flat[0] = 1e6
        if rounded and shape != BIAS:
            found = found.astype(np.float16)
        return graph.constant(found.astype(np.float32))

    graph = Graph("lstm")
    turned = graph.add("Transpose", "features", perm=[1, 0, 2])
    shapes = (1, 4 * HIDDEN, WIDTH), (1, 4 * HIDDEN, HIDDEN), BIAS
    inputs = [weights(*shape) for shape in shapes]
    found = graph.add("LSTM", turned, *inputs, outputs=2, hidden_size=HIDDEN)
    last = graph.add("Squeeze", f"{found}_1", graph.constant(np.array([0])))
    logits = graph.add("MatMul", last, weights(HIDDEN, 3))
    probabilities = graph.add("Softmax", logits, axis=-1)
    return Export(graph.build(probabilities, columns=WIDTH, steps=STEPS), 0.0, 1)


@pytest.fixture(scope="module")
def past():
    draw = np.random.default_rng(3)
    return draw.normal(size=(150, STEPS, WIDTH)).astype(np.float32)


@pytest.fixture(scope="module")
def direction():
    return np.random.default_rng(4).integers(-1, 2, 150)


def log_loss(content, past, direction):
    told = Runtime(content, Columns.unnamed(WIDTH), STEPS).predict_proba(past)
    return -np.log(told[np.arange(len(told)), direction + 1]).mean()


@pytest.mark.parametrize(
    ("kind", "saved", "most"), [("int8", 0.55, 0.02), ("float16", 0.4, 1e-3)]
)
def test_a_variant_is_smaller_and_says_what_it_loses(
    kind, saved, most, past, direction
):
    exact = lstm()
    found = quantised(exact, past, direction, kind, steps=STEPS)
    assert found.bytes_saved_share > saved
    assert found.bytes_saved_share == 1 - len(found.content) / len(exact.content)
    assert 0 < found.max_difference < most
    change = log_loss(found.content, past, direction) - log_loss(
        exact.content, past, direction
    )
    assert found.log_loss_change == pytest.approx(change, abs=1e-12)
    assert found.rows == 150


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_model_gives_the_same_variant(kind, past, direction):
    first, second = (
        quantised(lstm(), past, direction, kind, steps=STEPS) for _ in range(2)
    )
    assert first == second


def test_rounding_the_weights_is_all_that_float16_does(past, direction):
    found = quantised(lstm(), past, direction, "float16", steps=STEPS)
    columns = Columns.unnamed(WIDTH)
    ours, theirs = (
        Runtime(content, columns, STEPS).predict_proba(past)
        for content in (found.content, lstm(rounded=True).content)
    )
    assert np.abs(ours - theirs).max() < 0.1 * found.max_difference


def test_a_weight_beyond_float16_stays_as_it_is(past, direction):
    found = quantised(lstm(far=True), past, direction, "float16", steps=STEPS)
    assert np.isfinite(found.max_difference)
    assert found.max_difference == 0


def test_trees_are_left_out_with_the_reason(model, export, rows, past, direction):
    with pytest.raises(ArtefactError, match="made of trees"):
        quantised(export, *rows)
    wide = np.zeros((150, STEPS, WIDTH), np.float32)
    found = variants(
        {"lstm": lstm(), "boosting": export},
        {"lstm": STEPS, "boosting": 1},
        wide,
        direction,
    )
    assert [variant.kind for variant in found.made["lstm"]] == list(KINDS)
    assert "made of trees" in found.left_out["boosting"]
    assert set(found.made) == {"lstm"}
