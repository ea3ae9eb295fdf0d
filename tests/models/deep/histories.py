"""Histories to learn from, as sequences of rows."""

import numpy as np

from tradeloop.models.sequences import Sequences, places_of

STEPS = 5
FAST = {"learning_rate": 0.01, "epochs": 30, "epochs_without_held": 30}


def sequences(values, steps=STEPS):
    return Sequences(
        values, places_of(np.zeros(len(values)), range(len(values)), steps)
    )


def echo(seed, n_rows=300, lag=3):
    """Rows whose direction is that of the first column ``lag`` rows before."""
    values = np.random.default_rng(seed).normal(size=(n_rows, 6))
    direction = np.digitize(np.roll(values[:, 0], lag), [-0.5, 0.5]) - 1
    return values, direction.astype(np.int64)


def log_loss(probabilities, direction):
    told = probabilities[np.arange(len(direction)), np.asarray(direction) + 1]
    return -np.log(told).mean()
