"""The training loop: mini-batches on the device, early stopping on held rows.

Scaled values, places, classes and weights go to the device once; a step is told the
numbers of its rows and gathers them itself. JAX takes its default device: a GPU where
it sees one.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tradeloop.errors import InputError
from tradeloop.models.base import Ints
from tradeloop.models.deep.arrays import JaxArrays, jax_module, optax_module
from tradeloop.models.deep.network import Network, Weights
from tradeloop.models.deep.rounds import Rounds
from tradeloop.models.deep.rows import Rows, narrow
from tradeloop.models.scaling import Scaling
from tradeloop.models.sequences import ABSENT

_HELD_BATCH = 64
_BLOCK = 65_536
_ORDER, _DROPOUT = 1, 2  # what a random stream is for


@dataclass(frozen=True, slots=True)
class Progress:
    """How training went.

    Parameters
    ----------
    epochs : int
        Passes made.
    best_epoch : int
        Pass whose weights were kept, from 1.
    held_loss : float or None
        Loss of that pass on the held rows; None without any.
    """

    epochs: int
    best_epoch: int
    held_loss: float | None = None


def train(
    network: Network,
    weights: Weights,
    scaling: Scaling,
    rounds: Rounds,
    rows: Rows,
    held: Rows | None,
) -> tuple[Weights, Progress]:
    """Train from given weights.

    With held rows the weights of the pass with the lowest held loss are kept, and
    training ends after ``patience`` passes without a lower one. Without, the weights of
    the last of ``epochs_without_held`` passes.

    Parameters
    ----------
    network : Network
        Architecture.
    weights : dict of str to ndarray
        To start from.
    scaling : Scaling
        Of the columns.
    rounds : Rounds
        Parameters.
    rows : Rows
        To learn from.
    held : Rows, optional
        To stop by.

    Raises
    ------
    InputError
        The weights grew beyond float32.
    MissingExtraError
        JAX or optax is not installed.
    """
    trained = _Pass(network, weights, scaling, rounds, rows)
    without = min(rounds.epochs_without_held, rounds.epochs)
    shown = _Shown(network, scaling, rounds, held) if held is not None else None
    best, kept = Progress(0, 0), weights
    for epoch in range(1, (rounds.epochs if shown else without) + 1):
        found = trained.run(epoch)
        if shown is None:
            best, kept = Progress(epoch, epoch), found
            continue
        loss = shown.loss(found)
        if best.held_loss is None or loss < best.held_loss:
            best, kept = Progress(epoch, epoch, loss), found
        best = Progress(epoch, best.best_epoch, best.held_loss)
        if epoch - best.best_epoch >= rounds.patience:
            break
    return {name: np.asarray(kept[name]) for name in sorted(kept)}, best


class _Pass:
    """Weights and the state of the optimiser, between passes."""

    def __init__(
        self,
        network: Network,
        weights: Weights,
        scaling: Scaling,
        rounds: Rounds,
        rows: Rows,
    ) -> None:
        jax = jax_module()
        self._rounds = rounds
        self._optimiser, self._step = _compiled(
            network, rounds.learning_rate, rounds.weight_decay, rounds.clip
        )
        self._weights = {name: jax.numpy.asarray(weights[name]) for name in weights}
        self._state = self._optimiser.init(self._weights)
        self._data = _on_device(scaling, rows)
        self._orders = _orders(len(rows.classes), rounds)
        seed = np.random.SeedSequence([rounds.random_state, _DROPOUT])
        word = int(seed.generate_state(1)[0]) >> 1
        self._key = jax.random.key(word, impl="threefry2x32")
        self._steps = 0

    def run(self, epoch: int) -> Any:
        """Make one pass; return the weights."""
        for rows in _batches(next(self._orders), self._rounds.batch):
            self._weights, self._state = self._step(
                self._weights, self._state, self._key, self._steps, self._data, rows
            )
            self._steps += 1
        if not all(np.isfinite(found).all() for found in self._weights.values()):
            raise InputError(
                f"The weights are no longer finite after pass {epoch}.",
                way_out="Lower learning_rate or clip.",
            )
        return self._weights


class _Shown:
    """Held rows on the device."""

    def __init__(
        self, network: Network, scaling: Scaling, rounds: Rounds, held: Rows
    ) -> None:
        self._total = _compiled_total(network)
        self._data = _on_device(scaling, held)
        count = min(len(held.classes), rounds.max_held_rows)
        spaced = np.linspace(0, len(held.classes) - 1, count)
        self._rows = list(_batches(np.round(spaced).astype(np.int64), _HELD_BATCH))

    def loss(self, weights: Any) -> float:
        """Weighted mean loss over rows and horizons, in nats."""
        found = [self._total(weights, self._data, rows) for rows in self._rows]
        loss, weight = np.asarray(found, np.float64).sum(axis=0)
        return float(loss / weight)


def _on_device(scaling: Scaling, rows: Rows) -> dict[str, Any]:
    """Put the rows on the device; the last source row is the absent one, all 0."""
    array = jax_module().numpy.asarray
    values = rows.sequences.values
    scaled = np.zeros((len(values) + 1, values.shape[1]), np.float32)
    for at in range(0, len(values), _BLOCK):  # a whole copy would be three
        block = narrow(values[at : at + _BLOCK])
        with np.errstate(over="ignore"):  # what is beyond float32 is clipped
            scaled[at : at + len(block)] = scaling.apply(block)
    places = rows.sequences.places
    return {
        "values": array(scaled),
        "places": array(np.where(places == ABSENT, len(values), places), np.int32),
        "classes": array(rows.classes, np.int32),
        "weight": array(rows.weight, np.float32),
    }


def _orders(n_rows: int, rounds: Rounds) -> Iterator[Ints]:
    """Rows of each pass; none comes twice before all came once."""
    draw = np.random.default_rng([rounds.random_state, _ORDER])
    count = min(n_rows, rounds.max_rows_per_epoch)
    waiting = draw.permutation(n_rows)
    while True:
        if len(waiting) < count:
            waiting = np.concatenate([waiting, draw.permutation(n_rows)])
        taken, waiting = waiting[:count], waiting[count:]
        yield taken


def _batches(rows: Ints, size: int) -> Iterator[Any]:
    """Numbers of rows, ``size`` at a time; the last batch is filled up with -1."""
    filled = np.full(-(-len(rows) // size) * size, -1, np.int32)
    filled[: len(rows)] = rows
    yield from filled.reshape(-1, size)


def _weighted(
    network: Network, arrays: JaxArrays, weights: Any, data: Any, rows: Any
) -> tuple[Any, Any]:
    """Weighted losses of a batch and their weights; those filled up weigh 0."""
    taken = arrays.np.maximum(rows, 0)
    values = data["values"][data["places"][taken].T]
    losses = network.losses(arrays, weights, values, data["classes"][taken])
    weight = data["weight"][taken] * (rows >= 0)[:, None]
    return losses * weight, weight


@functools.lru_cache(maxsize=32)
def _compiled(network: Network, rate: float, decay: float, clip: float) -> Any:
    """Return the optimiser and the compiled step; equal parameters share both."""
    jax, optax = jax_module(), optax_module()
    optimiser = optax.flatten(  # one vector: less to compile
        optax.chain(
            optax.clip_by_global_norm(clip), optax.adamw(rate, weight_decay=decay)
        )
    )

    def step(
        weights: Any, state: Any, key: Any, number: Any, data: Any, rows: Any
    ) -> Any:
        def loss(weights: Any) -> Any:
            arrays = JaxArrays(jax.random.fold_in(key, number))
            losses, _ = _weighted(network, arrays, weights, data, rows)
            return losses.sum() / ((rows >= 0).sum() * network.horizons)

        gradient = jax.grad(loss)(weights)
        updates, state = optimiser.update(gradient, state, weights)
        return optax.apply_updates(weights, updates), state

    return optimiser, _jit(step)


@functools.lru_cache(maxsize=32)
def _compiled_total(network: Network) -> Any:
    """Return the compiled sums of weighted losses and of weights, of a batch."""

    def total(weights: Any, data: Any, rows: Any) -> Any:
        losses, weight = _weighted(network, JaxArrays(), weights, data, rows)
        return losses.sum(), weight.sum()

    return _jit(total)


def _jit(formula: Any) -> Any:
    """Compile at the first call, on a processor with few optimisations.

    Its products are library calls, which no optimisation changes: a pass takes as long,
    the compilation two thirds of the time.
    """
    jax = jax_module()
    if jax.default_backend() != "cpu":
        return jax.jit(formula)
    return jax.jit(formula, compiler_options={"xla_backend_optimization_level": 1})
