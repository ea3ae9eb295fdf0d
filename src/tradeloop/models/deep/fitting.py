"""From the arguments of ``fit`` to a fitted network."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.errors import InputError
from tradeloop.models.base import Columns, Fitted, Given, Held
from tradeloop.models.deep.fitted import Forecaster, Learned
from tradeloop.models.deep.network import ENTRANCE, Network, Weights
from tradeloop.models.deep.rounds import Rounds
from tradeloop.models.deep.rows import Rows, held_rows, narrow
from tradeloop.models.deep.training import train
from tradeloop.models.scaling import Scaling, fit_scaling
from tradeloop.models.training_rows import same_start

_START = 0  # what a random stream is for
_LEAST_STEPS = 2
Made = TypeVar("Made", bound=Forecaster)


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Arguments of ``fit``; see `tradeloop.models.base.Model`."""

    features: Given
    direction: ArrayLike
    weight: ArrayLike | None = None
    columns: Columns | None = None
    held: Held | None = None
    start: Fitted | None = None


def fit_network(
    kind: type[Made],
    model: Any,
    asked: Asked,
    network_of: Callable[[int, int], Network],
) -> Made:
    """Train a network that forecasts directions.

    Parameters
    ----------
    kind : type
        What is returned.
    model : Rounds
        Parameters, with ``steps``.
    asked : Asked
        Arguments of ``fit``.
    network_of : callable
        Architecture for a number of columns and of horizons.

    Raises
    ------
    InputError
        See `tradeloop.models.base.Model.fit`.
    """
    rows = Rows.of(
        asked.features,
        asked.direction,
        asked.weight,
        asked.columns,
        steps=model.steps,
    )
    rows.refuse_unlearnable()
    held = None
    if asked.held is not None:
        held = held_rows(
            asked.held, rows.columns, steps=model.steps, horizons=rows.horizons
        )
    network = network_of(len(rows.columns.names), rows.horizons)
    start = same_start(asked.start, kind, rows.columns)
    scaling, weights = begin(network, model, narrow(rows.sequences.last()), start)
    weights, progress = train(network, weights, scaling, model, rows, held)
    return kind(network, weights, scaling, rows.columns, progress)


def begin(
    network: Network,
    rounds: Rounds,
    values: NDArray[np.float32],
    start: Learned | None,
) -> tuple[Scaling, Weights]:
    """Scale and weights to start from.

    A column that does not vary in training gets no weight, and never any: a random one
    would let it speak as soon as it varies.

    Parameters
    ----------
    network : Network
        Architecture.
    rounds : Rounds
        Parameters.
    values : ndarray of float32 of shape (n_rows, n_columns)
        Training rows.
    start : Learned, optional
        Its scale and weights are taken; they belong together.

    Raises
    ------
    InputError
        The start is of another architecture.
    """
    if start is not None:
        wanted = replace(start.network, dropout=network.dropout)
        if wanted != network:
            raise InputError(
                f"The start is {start.network}, asked for was {network}.",
                way_out="Pass a start of the same sizes, or none.",
                source="start",
            )
        return start.scaling, start.weights
    scaling = fit_scaling(values)
    weights = network.start(np.random.default_rng([rounds.random_state, _START]))
    varies = ((values != scaling.centre) & ~np.isnan(values)).any(axis=0)
    weights[ENTRANCE] *= varies[:, None]
    return scaling, weights


def refuse_short(model: Any, sequence: int) -> None:
    """Raise for sequences of one row: a model of rows serves there."""
    if sequence < _LEAST_STEPS:
        raise InputError(
            f"{type(model).__name__}.sequence must be at least {_LEAST_STEPS}, was "
            f"{sequence}.",
            way_out="Take a Perceptron for single rows.",
        )
