"""The two array libraries that one formula runs on: JAX to learn, NumPy to forecast.

A network is written once, over `Arrays`. Training runs it in JAX, which differentiates
and compiles it; forecasts run the same lines in NumPy, so that a fitted model needs no
JAX and no compilation.
"""

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from tradeloop.errors import MissingExtraError
from tradeloop.models.deep.recurrence import jax_recurrence, numpy_recurrence

_NORM_EPSILON = 1e-5
_SHORTEST = 1e-12
NORM_EPSILON = np.float32(_NORM_EPSILON)
SHORTEST = np.float32(_SHORTEST)
"""Length below which a vector is not stretched to 1."""


class Arrays(Protocol):
    """What a network needs of an array library."""

    np: Any
    """NumPy, or `jax.numpy`."""

    def drop(self, values: Any, share: float) -> Any:
        """Set a share of the values to 0 and stretch the rest, in training alone."""

    def recur(self, entered: Any, recurrent: Any) -> Any:
        """Last hidden state of an LSTM; see `tradeloop.models.deep.recurrence`."""


@dataclass(frozen=True, slots=True)
class NumpyArrays:
    """NumPy: forecasts."""

    np: Any = np

    def drop(self, values: Any, share: float) -> Any:  # noqa: ARG002 - not in training
        """Return the values as they are."""
        return values

    def recur(self, entered: Any, recurrent: Any) -> Any:
        """Last hidden state of an LSTM."""
        return numpy_recurrence(entered, recurrent)


@dataclass(slots=True)
class JaxArrays:
    """JAX: training; without a key nothing is dropped.

    Parameters
    ----------
    key : object
        Key of everything random, or None.
    """

    key: Any = None
    np: Any = field(default_factory=lambda: jax_module().numpy)
    _drawn: int = 0

    def drop(self, values: Any, share: float) -> Any:
        """Set a share of the values to 0 and divide the rest by what is left."""
        if self.key is None or not share:
            return values
        random = jax_module().random
        key = random.fold_in(self.key, self._drawn)
        self._drawn += 1
        kept = random.bernoulli(key, 1 - share, values.shape)
        return self.np.where(kept, values / (1 - share), 0)

    def recur(self, entered: Any, recurrent: Any) -> Any:
        """Last hidden state of an LSTM."""
        return jax_recurrence()(entered, recurrent)


NUMPY: Any = NumpyArrays()


def normalised(arrays: Arrays, values: Any, scale: Any, shift: Any) -> Any:
    """Layer normalisation over the last axis, epsilon 1e-5 (Ba, Kiros, Hinton 2016)."""
    centred = values - values.mean(axis=-1, keepdims=True)
    variance = (centred * centred).mean(axis=-1, keepdims=True)
    return centred / arrays.np.sqrt(variance + NORM_EPSILON) * scale + shift


def softmax(arrays: Arrays, values: Any) -> Any:
    """Softmax over the last axis."""
    powers = arrays.np.exp(values - values.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def unit_length(arrays: Arrays, values: Any) -> Any:
    """Vectors along the last axis, stretched to length 1; the smallest stay as 0."""
    squares = (values * values).sum(axis=-1, keepdims=True)
    return values / arrays.np.sqrt(squares + SHORTEST)


def jax_module() -> Any:
    """Return JAX.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    try:
        import jax  # noqa: PLC0415
        import jax.numpy  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("jax", "deep") from error
    return jax


def optax_module() -> Any:
    """Return optax.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    try:
        import optax  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("optax", "deep") from error
    return optax
