"""The LSTM recurrence, once for both array libraries, and its gradient.

With z = x W + b + h R in four parts i, o, f, g (ONNX's order):

    c' = sigmoid(f) c + sigmoid(i) tanh(g)      h' = sigmoid(o) tanh(c')

x W + b of all steps is one product made before (the entrance of the network), so that a
step here costs h R alone. The gradient is written by hand: JAX's own would add up the
gradient of R step by step; collected over the steps it is one product, and a pass takes
two thirds of the time.

References
----------
Hochreiter and Schmidhuber, Long short-term memory (1997); Gers et al., Learning to
forget (2000).
"""

import functools
from typing import Any

import numpy as np


def _gates(library: Any, z: Any) -> tuple[Any, Any, Any, Any]:
    """Input, output and forget gate, and what would be added to the cell."""
    hidden = z.shape[-1] // 4
    # sigmoid(x) = (1 + tanh(x / 2)) / 2: exp would overflow on a far negative x.
    three = library.tanh(z[..., : 3 * hidden] * np.float32(0.5)) * np.float32(0.5)
    three = three + np.float32(0.5)
    i, o, f = (three[..., at * hidden : (at + 1) * hidden] for at in range(3))
    return i, o, f, library.tanh(z[..., 3 * hidden :])


def numpy_recurrence(entered: Any, recurrent: Any) -> Any:
    """Last hidden state, step by step.

    Parameters
    ----------
    entered : array of shape (n_steps, n_rows, 4 * hidden)
        x W + b.
    recurrent : array of shape (hidden, 4 * hidden)
        R.

    Returns
    -------
    array of shape (n_rows, hidden)
    """
    state = np.zeros((entered.shape[1], len(recurrent)), entered.dtype)
    cell = state
    for entering in entered:
        i, o, f, g = _gates(np, entering + state @ recurrent)
        cell = f * cell + i * g
        state = o * np.tanh(cell)
    return state


@functools.cache
def jax_recurrence() -> Any:
    """Return the same as a JAX function with its gradient."""
    import jax  # noqa: PLC0415

    def forward(entered: Any, recurrent: Any, *, keep: bool) -> Any:
        def step(carried: Any, entering: Any) -> Any:
            state, cell = carried
            z = entering + state @ recurrent
            i, o, f, g = _gates(jax.numpy, z)
            later = f * cell + i * g
            kept = (state, cell, z) if keep else None
            return (o * jax.numpy.tanh(later), later), kept

        zero = jax.numpy.zeros((entered.shape[1], recurrent.shape[0]), entered.dtype)
        (state, _), kept = jax.lax.scan(step, (zero, zero), entered)
        return state, kept

    @jax.custom_vjp
    def recur(entered: Any, recurrent: Any) -> Any:
        return forward(entered, recurrent, keep=False)[0]

    def recur_forward(entered: Any, recurrent: Any) -> Any:
        state, kept = forward(entered, recurrent, keep=True)
        return state, (recurrent, kept)

    def recur_backward(residual: Any, upstream: Any) -> Any:
        recurrent, kept = residual
        transposed = recurrent.T
        zero = jax.numpy.zeros_like(upstream)
        _, of_z = jax.lax.scan(
            lambda carried, at: _step_back(jax.numpy, transposed, carried, at),
            (upstream, zero),
            kept,
            reverse=True,
        )
        states = kept[0].reshape(-1, len(recurrent))
        return of_z, states.T @ of_z.reshape(-1, recurrent.shape[1])

    recur.defvjp(recur_forward, recur_backward)
    return recur


def _step_back(library: Any, transposed: Any, carried: Any, at: Any) -> Any:
    """Gradient of one step: carried to the step before, and of its z."""
    of_state, of_cell = carried
    _, cell, z = at
    i, o, f, g = _gates(library, z)
    shown = library.tanh(f * cell + i * g)
    of_cell = of_cell + of_state * o * (1 - shown * shown)
    of_z = library.concatenate(
        [
            of_cell * g * i * (1 - i),
            of_state * shown * o * (1 - o),
            of_cell * cell * f * (1 - f),
            of_cell * i * (1 - g * g),
        ],
        axis=1,
    )
    return (of_z @ transposed, of_cell * f), of_z
