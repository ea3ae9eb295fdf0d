"""Rows to try a model on, in the form that the model takes."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.models.base import CLASSES, Floats, Given, Ints, Model
from tradeloop.models.sequences import Sequences, places_of

PARITY = 1e-6
"""Largest difference of a probability that is let through as rounding of float32."""
_LEAST_PROBABILITY = 1e-12


def training_rows(
    seed: int, *, n_rows: int = 300, n_columns: int = 6
) -> tuple[Floats, Ints]:
    """Rows to try a model on: the first column tells the direction, with noise.

    Parameters
    ----------
    seed : int
        Seed of the rows.
    n_rows, n_columns : int
        Shape.

    Returns
    -------
    features : ndarray of shape (n_rows, n_columns)
        One in twenty values is NaN.
    direction : ndarray of int64 of shape (n_rows,)
        All three directions occur.
    """
    draw = np.random.default_rng(seed)
    features = draw.normal(size=(n_rows, n_columns))
    noisy = features[:, 0] + draw.normal(scale=0.5, size=n_rows)
    direction = np.digitize(noisy, [-0.5, 0.5]) - 1
    features[draw.random(features.shape) < 1 / 20] = np.nan
    return features, direction.astype(np.int64)


def given(
    model: Model, features: NDArray[np.floating], *, more_steps: int = 0
) -> Given:
    """Hand rows over as the model takes them: as they are, or as sequences.

    Parameters
    ----------
    model : Model
        Says how many steps it looks at.
    features : ndarray of shape (n_rows, n_columns)
        Rows of one group in the order of time.
    more_steps : int
        Steps beyond those of the model; above 0 the answer is always sequences.
    """
    if model.steps == 1 and not more_steps:
        return features
    time_ns = np.arange(len(features))
    places = places_of(np.zeros(len(features)), time_ns, model.steps + more_steps)
    return Sequences(features, places)


def some(rows: Given, at: ArrayLike) -> Given:
    """Take some rows of an array or of sequences."""
    if isinstance(rows, Sequences):
        return rows.take(at)
    found: NDArray[Any] = np.asarray(rows)
    return np.asarray(found[np.asarray(at)])


def log_loss(probabilities: Floats, direction: Ints) -> float:
    """Mean log loss, nats a row."""
    told = probabilities[np.arange(len(direction)), direction - CLASSES[0]]
    return float(-np.log(np.maximum(told, _LEAST_PROBABILITY)).mean())


def base_loss(seen: Ints, direction: Ints) -> float:
    """Log loss of the shares of the directions in ``seen``, nats a row."""
    shares = np.bincount(seen - CLASSES[0], minlength=len(CLASSES)) / len(seen)
    return log_loss(np.tile(shares, (len(direction), 1)), direction)
