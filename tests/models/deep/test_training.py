"""The training loop: when it stops, in which order rows come, what it computes."""

import sys

import numpy as np
import pytest

from models.deep.histories import FAST, STEPS, echo, sequences
from tradeloop.errors import InputError, MissingExtraError
from tradeloop.models.base import Held
from tradeloop.models.deep import Lstm, Perceptron
from tradeloop.models.deep.arrays import JaxArrays, NumpyArrays
from tradeloop.models.deep.lstm import LstmNetwork
from tradeloop.models.deep.rounds import Rounds
from tradeloop.models.deep.training import _orders

SHORT = {**FAST, "epochs": 40, "patience": 3}


def noisy(seed, n_rows=300):
    """Rows of which 60 are too few not to be learned by heart."""
    values, direction = echo(seed, n_rows, lag=0)
    wrong = np.random.default_rng(seed).random(n_rows) < 0.5
    return values, np.where(wrong, -direction, direction)


@pytest.fixture(scope="module")
def stopped():
    held = Held(*noisy(2))
    return Perceptron(hidden=32, **SHORT).fit(*noisy(1), held=held)


def test_training_ends_when_held_rows_gain_nothing_more(stopped):
    progress = stopped.progress
    assert progress.epochs == progress.best_epoch + 3 < 40


def test_the_weights_of_the_best_pass_are_kept(stopped):
    best = stopped.progress.best_epoch
    just = {**SHORT, "epochs_without_held": best}
    plain = Perceptron(hidden=32, **just).fit(*noisy(1))
    for name, found in stopped.weights.items():
        np.testing.assert_array_equal(found, plain.weights[name])


def test_the_held_loss_is_that_of_the_kept_weights(stopped):
    values, direction = noisy(2)
    found = stopped.predict_proba(values)
    loss = -np.log(found[np.arange(300), direction + 1]).mean()
    assert stopped.progress.held_loss == pytest.approx(loss, abs=1e-6)


def test_without_held_rows_every_pass_is_made():
    fitted = Perceptron(hidden=8, epochs=4, epochs_without_held=9).fit(*noisy(1))
    assert (fitted.progress.epochs, fitted.progress.held_loss) == (4, None)


def test_going_on_takes_up_the_weights_and_their_scale():
    values, direction = noisy(1)
    model = Perceptron(hidden=8, learning_rate=1e-30, epochs=1)
    first = Perceptron(hidden=8, **FAST).fit(values, direction)
    further = model.fit(values + 9, direction, start=first)
    np.testing.assert_array_equal(
        further.predict_proba(values), first.predict_proba(values)
    )


def test_a_start_of_other_sizes_is_refused():
    first = Perceptron(hidden=8, epochs=1).fit(*noisy(1))
    with pytest.raises(InputError, match="asked for was"):
        Perceptron(hidden=9, epochs=1).fit(*noisy(1), start=first)


def test_no_row_comes_twice_before_all_came_once():
    orders = _orders(10, Rounds(max_rows_per_epoch=4))
    seen = np.concatenate([next(orders) for _ in range(5)])
    assert sorted(seen[:10]) == sorted(seen[10:]) == list(range(10))


def test_the_last_batch_is_as_good_as_any():
    values, direction = noisy(1)
    weight = np.ones(300)
    small = Perceptron(hidden=8, batch=64, epochs=2, dropout=0)
    large = Perceptron(hidden=8, batch=64, epochs=2, dropout=0)
    one = small.fit(values, direction, weight).to_bytes()
    assert one == large.fit(values, direction, 3 * weight).to_bytes()


def test_weights_beyond_float32_are_an_error():
    wild = Perceptron(hidden=8, learning_rate=1e38, epochs=3)
    with pytest.raises(InputError, match="no longer finite"):
        wild.fit(*noisy(1))


def test_effort_is_bounded_above_20_000_rows_and_only_lowered():
    model = Lstm()
    assert model.bounded(20_000) == model
    many = model.bounded(500_000)
    assert (many.batch, many.max_rows_per_epoch) == (64, 65_536)
    assert (many.epochs, many.epochs_without_held, many.patience) == (20, 10, 3)
    assert (many.sequence, many.hidden) == (50, 64)
    modest = Lstm(batch=512, epochs=5, max_rows_per_epoch=100).bounded(500_000)
    assert (modest.batch, modest.epochs, modest.max_rows_per_epoch) == (512, 5, 100)


@pytest.mark.parametrize(
    "wrong",
    [
        {"batch": 0},
        {"epochs": 0},
        {"learning_rate": 0.0},
        {"dropout": 1.0},
        {"dropout": -0.1},
        {"clip": 0.0},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_parameter_outside_its_range_is_refused(wrong):
    with pytest.raises(InputError, match=rf"Perceptron.{next(iter(wrong))} must be"):
        Perceptron(**wrong)


def test_numpy_and_jax_run_the_same_formula():
    network = LstmNetwork(3, STEPS, 1, 0.2, 8)
    draw = np.random.default_rng(0)
    weights = network.start(draw)
    rows = draw.normal(size=(STEPS, 4, 3)).astype(np.float32)
    one, two = (
        np.asarray(network.read(arrays, weights, network.enter(weights, rows)))
        for arrays in (NumpyArrays(), JaxArrays())
    )
    np.testing.assert_allclose(one, two, atol=1e-6)


def test_the_gradient_of_the_recurrence_is_the_slope_of_the_loss():
    """Oracle: central differences in float64, by NumPy."""
    import jax  # noqa: PLC0415

    draw = np.random.default_rng(0)
    entered, recurrent = draw.normal(size=(4, 2, 12)), draw.normal(size=(3, 12))
    upstream = draw.normal(size=(2, 3))

    def loss(entered, recurrent):
        return (NumpyArrays().recur(entered, recurrent) * upstream).sum()

    ours = jax.grad(
        lambda e, r: (JaxArrays().recur(e, r) * upstream.astype(np.float32)).sum(),
        argnums=(0, 1),
    )(entered.astype(np.float32), recurrent.astype(np.float32))
    for at, found in enumerate(ours):
        given = [entered, recurrent]
        slope = np.empty(given[at].shape)
        for index in np.ndindex(*slope.shape):
            moved = [array.copy() for array in given]
            moved[at][index] += 1e-6
            high = loss(*moved)
            moved[at][index] -= 2e-6
            slope[index] = (high - loss(*moved)) / 2e-6
        np.testing.assert_allclose(found, slope, atol=2e-5)


def test_a_fitted_network_forecasts_without_jax(monkeypatch):
    values, direction = echo(1)
    model = Lstm(sequence=STEPS, hidden=8, learning_rate=0.01, epochs=1)
    fitted = model.fit(sequences(values), direction)
    content = fitted.to_bytes()
    found = fitted.predict_proba(sequences(values))
    monkeypatch.setitem(sys.modules, "jax", None)
    loaded = Lstm.load(content, fitted.columns)
    np.testing.assert_array_equal(loaded.predict_proba(sequences(values)), found)
    with pytest.raises(MissingExtraError, match="tradeloop\\[deep\\]"):
        model.fit(sequences(values), direction)
