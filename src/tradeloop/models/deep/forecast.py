"""What a fitted network says, in NumPy, with the same bits for a row alone.

A product of matrices can give a row other bits when there are more or fewer rows beside
it, for the library then takes another path. So every product is of one fixed number of
rows, filled up where there are fewer.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeloop.models.base import Ints
from tradeloop.models.deep.arrays import NUMPY
from tradeloop.models.deep.network import Network, Weights
from tradeloop.models.deep.rows import narrow
from tradeloop.models.scaling import Scaling
from tradeloop.models.sequences import ABSENT, Sequences

CHUNK = 32
"""Rows of one product."""
_SPAN = 32 * CHUNK  # rows whose source rows enter once


def results(
    network: Network, weights: Weights, scaling: Scaling, sequences: Sequences
) -> NDArray[Any]:
    """Read sequences.

    Parameters
    ----------
    network : Network
        Architecture.
    weights : dict of str to ndarray
        Its weights.
    scaling : Scaling
        Of the columns.
    sequences : Sequences
        With as many steps as the network.

    Returns
    -------
    ndarray of `Network.number` of shape (n_rows, n_results)
    """
    spans = [
        Sequences(sequences.values, sequences.places[at : at + _SPAN])
        for at in range(0, max(len(sequences), 1), _SPAN)
    ]
    wide = network.wide(weights)
    found = [_span(network, wide, scaling, span) for span in spans]
    return np.concatenate(found)


def scaled_rows(
    scaling: Scaling, sequences: Sequences
) -> tuple[NDArray[np.float32], Ints]:
    """Scale the source rows of sequences, each once.

    Returns
    -------
    rows : ndarray of float32 of shape (n_source_rows, n_columns)
        An absent one is 0.
    places : ndarray of int64 of shape (n_rows, n_steps)
        Row of each step.
    """
    used, places = np.unique(sequences.places, return_inverse=True)
    values = narrow(sequences.values[np.maximum(used, 0)])
    with np.errstate(over="ignore"):  # what is beyond float32 is clipped
        rows = scaling.apply(values)
    rows[used == ABSENT] = 0
    return rows, places.reshape(sequences.places.shape)


def scaled_chunks(
    scaling: Scaling, sequences: Sequences
) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Gather scaled sequences, `CHUNK` at a time.

    Yields
    ------
    rows : slice
        Which of the sequences.
    values : ndarray of float32 of shape (CHUNK, n_steps, n_columns)
        Their values; filled up at the end.
    """
    for at in range(0, len(sequences), CHUNK):
        places = sequences.places[at : at + CHUNK]
        rows, found = scaled_rows(scaling, Sequences(sequences.values, places))
        yield slice(at, at + len(places)), rows[_chunks(found)[0]]


def _span(
    network: Network,
    weights: Mapping[str, NDArray[Any]],
    scaling: Scaling,
    sequences: Sequences,
) -> NDArray[Any]:
    if not len(sequences):
        # One row, and none of it: the width of the results follows from the weights.
        entered = np.zeros((network.steps, CHUNK, network.width), network.number)
        return np.asarray(network.read(NUMPY, weights, entered)[:0])
    rows, places = scaled_rows(scaling, sequences)
    entered = np.concatenate(
        [
            network.enter(weights, chunk)
            for chunk in _chunks(rows.astype(network.number))
        ]
    )
    found = [
        network.read(NUMPY, weights, entered[chunk.T]) for chunk in _chunks(places)
    ]
    return np.concatenate(found)[: len(places)]


def _chunks(rows: NDArray[Any]) -> list[NDArray[Any]]:
    """Rows, `CHUNK` at a time; the last ones are filled up with 0."""
    missing = -len(rows) % CHUNK
    filled = np.concatenate([rows, np.zeros((missing, *rows.shape[1:]), rows.dtype)])
    return np.split(filled, len(filled) // CHUNK)
