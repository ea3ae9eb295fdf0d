"""The Transformer forecasts several horizons at once."""

import numpy as np
import pytest

from models.deep.histories import FAST, STEPS, echo, log_loss, sequences
from tradeloop.errors import InputError
from tradeloop.models.base import Held
from tradeloop.models.deep import Transformer
from tradeloop.models.deep.arrays import NumpyArrays
from tradeloop.models.deep.transformer import TransformerNetwork
from tradeloop.models.runtime import Runtime

MODEL = Transformer(sequence=STEPS, hidden=8, heads=2, layers=1, **FAST)


def two_horizons(seed):
    values, first = echo(seed, lag=1)
    second = np.digitize(values[:, 1], [-0.5, 0.5]) - 1
    return sequences(values), np.column_stack([first, second])


@pytest.fixture(scope="module")
def fitted():
    return MODEL.fit(*two_horizons(1))


def test_horizons_are_learned_together(fitted):
    rows, direction = two_horizons(2)
    found = fitted.predict_horizons(rows)
    assert found.shape == (300, 2, 3)
    for at in range(2):
        assert log_loss(found[1:, at], direction[1:, at]) < 0.75


def test_the_first_horizon_is_the_one_that_is_forecast(fitted):
    rows, _ = two_horizons(2)
    both = fitted.predict_horizons(rows)
    np.testing.assert_array_equal(fitted.predict_proba(rows), both[:, 0])


@pytest.mark.parametrize("horizon", [0, 1])
def test_every_horizon_has_an_export_that_says_the_same(fitted, horizon):
    rows, _ = two_horizons(2)
    runtime = Runtime(fitted.to_onnx(horizon), fitted.columns, STEPS)
    off = runtime.predict_proba(rows) - fitted.predict_horizons(rows)[:, horizon]
    assert np.abs(off).max() <= 1e-6


def test_a_horizon_that_was_not_learned_is_refused(fitted):
    with pytest.raises(InputError, match="forecasts 2 horizons"):
        fitted.to_onnx(2)


def test_all_horizons_survive_the_file(fitted):
    rows, _ = two_horizons(2)
    loaded = MODEL.load(fitted.to_bytes(), fitted.columns)
    np.testing.assert_array_equal(
        loaded.predict_horizons(rows), fitted.predict_horizons(rows)
    )


def test_a_horizon_of_weight_0_teaches_nothing():
    rows, direction = two_horizons(1)
    weight = np.ones(direction.shape)
    weight[:100, 1] = 0
    other = direction.copy()
    other[:100, 1] = -other[:100, 1]
    one, two = (MODEL.fit(rows, told, weight) for told in (direction, other))
    assert one.to_bytes() == two.to_bytes()


def test_held_rows_need_the_same_horizons():
    rows, direction = two_horizons(1)
    with pytest.raises(InputError, match="2 directions each"):
        MODEL.fit(rows, direction, held=Held(rows, direction[:, 0]))


def test_every_horizon_needs_every_class():
    rows, direction = two_horizons(1)
    direction[:, 1] = 1
    with pytest.raises(InputError, match="Each direction"):
        MODEL.fit(rows, direction)


def test_a_step_looks_at_no_later_one():
    network = TransformerNetwork(3, STEPS, 1, 0.0, 8, 2, 2)
    draw = np.random.default_rng(0)
    weights = network.start(draw)
    shown = draw.normal(size=(1, STEPS, 8))
    before = network._attend(NumpyArrays(), weights, 0, shown, last=False)
    for step in range(STEPS):
        moved = shown.copy()
        moved[0, step] = draw.normal(size=8)
        after = network._attend(NumpyArrays(), weights, 0, moved, last=False)
        np.testing.assert_array_equal(after[0, :step], before[0, :step])
        assert (after[0, step:] != before[0, step:]).all()
