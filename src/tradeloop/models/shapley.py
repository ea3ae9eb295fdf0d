"""Shapley values of any model, by sampling: what each column added to a probability.

1. Draw an order of the columns and a background row.
2. Turn the background row into the row itself, column by column in that order; what the
   forecast changes by belongs to the column. Then once more in the reverse order, which
   takes most of the noise of the order away; the mean of both counts.
3. Over many orders, the mean is the Shapley value of the column, and the spread gives
   its standard error. The columns of each order add up to the forecast less that of its
   background row, so that the sum is exact, whatever the error.

A column of a sequence changes at all its steps at once.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tradeloop.errors import InputError
from tradeloop.models.base import CLASSES, Columns, Fitted, Floats, Given, Ints
from tradeloop.models.contributions import Contributions, explain, is_exact
from tradeloop.models.matrix import as_float32
from tradeloop.models.sequences import Sequences
from tradeloop.models.vote import as_asked

PERMUTATIONS = 20
_LEAST = 2
Predict = Callable[[NDArray[np.float32]], Floats]
"""Probabilities (n_rows, 3) of rows, or of sequences as an array of three axes."""


def sampled_contributions(
    predict: Predict,
    row: NDArray[np.floating],
    background: NDArray[np.floating],
    columns: Columns,
    *,
    seed: int,
    permutations: int = PERMUTATIONS,
) -> Contributions:
    """Explain one forecast of any model.

    Parameters
    ----------
    predict : callable
        The model: from rows like ``row`` to probabilities of shape (n_rows, 3).
    row : ndarray of shape (n_columns,), or (n_steps, n_columns)
        The row; NaN means missing.
    background : ndarray of shape (n_background, n_columns), or (n_background, n_steps,
        n_columns)
        Rows that stand for "nothing known", such as some of the training rows. Where
        ``permutations`` is a multiple of their number, each is used as often.
    columns : Columns
        Columns of the model.
    seed : int
        Seed of orders and backgrounds.
    permutations : int
        Orders that are drawn, at least 2; each asks for 2 n_columns forecasts.

    Returns
    -------
    Contributions
        Of one row, in probabilities, with the standard error. ``bias`` is the mean
        forecast of the background rows that were used.

    Raises
    ------
    InputError
        Shapes that do not fit, no background or too few permutations.

    References
    ----------
    Strumbelj and Kononenko, Explaining prediction models and individual predictions
    with feature contributions, 2014. Mitchell, Cooper, Frank and Holmes, Sampling
    permutations for Shapley value estimation, 2022 (the reverse order).
    """
    given = np.asarray(row, dtype=np.float32)
    others = np.asarray(background, dtype=np.float32)
    _refuse_shapes(given, others, columns, permutations)
    draw = np.random.default_rng(seed)
    starts = _starts(draw, len(others), permutations)
    width = len(columns.names)
    found = np.empty((permutations, len(CLASSES), width))
    base = np.empty((permutations, len(CLASSES)))
    for at, start in enumerate(starts):
        order = draw.permutation(width)
        base[at], found[at] = _walk(predict, given, others[start], order)
    error = found.std(axis=0, ddof=1) / np.sqrt(permutations)
    return Contributions(
        columns,
        found.mean(axis=0)[None],
        base.mean(axis=0)[None],
        scale="probability",
        error=error[None],
    )


def explain_vote(
    fitted: Fitted,
    features: Given,
    background: Given,
    *,
    seed: int,
    permutations: int = PERMUTATIONS,
    predict: Predict | None = None,
) -> Contributions:
    """Explain rows of any model: exactly where it has boosted trees only, else sampled.

    ``scale`` and ``exact`` of the result say which: exact values are in logits (see
    `tradeloop.models.contributions.explain`), sampled ones in probabilities.

    Parameters
    ----------
    fitted : Fitted
        A model, or a vote.
    features, background : array of shape (n_rows, n_columns), or Sequences
        Rows to explain, and rows to compare them with; with their past where the model
        looks at several steps. NaN means missing.
    seed, permutations : int
        See `sampled_contributions`; every row is explained with the same draws.
    predict : callable, optional
        Asked in place of the original, such as the blend of its runtimes.

    Raises
    ------
    InputError
        Wrong shapes, or an infinite value.
    """
    if is_exact(fitted):
        return explain(fitted, features)
    rows, others = (_as_array(fitted, given) for given in (features, background))
    asked = predict or fitted.predict_proba
    if not len(rows):
        shape = (0, len(CLASSES), len(fitted.columns.names))
        none = np.empty(shape)
        return Contributions(fitted.columns, none, none[..., 0], "probability", none)
    found = [
        sampled_contributions(
            asked,
            row,
            others,
            fitted.columns,
            seed=seed,
            permutations=permutations,
        )
        for row in rows
    ]
    errors = [each.error for each in found if each.error is not None]
    return Contributions(
        fitted.columns,
        np.concatenate([each.values for each in found]),
        np.concatenate([each.bias for each in found]),
        scale="probability",
        error=np.concatenate(errors),
    )


def _walk(
    predict: Predict,
    row: NDArray[np.float32],
    other: NDArray[np.float32],
    order: Ints,
) -> tuple[Floats, Floats]:
    """Forecast of the background (3,), and what each column added to it (3, width).

    The states are: the background, one more column of the row at a time in the order,
    the row itself, and the same in the reverse order, without its ends.
    """
    width = len(order)
    rank = np.empty(width, dtype=np.int64)
    rank[order] = np.arange(width)
    counts = np.arange(width + 1)[:, None]
    taken = np.concatenate([rank < counts, (width - 1 - rank < counts)[1:-1]])
    taken = taken.reshape(len(taken), *(1,) * (row.ndim - 1), width)
    told = predict(np.where(taken, row, other))
    forth = told[: width + 1]
    back = np.concatenate([told[:1], told[width + 1 :], told[width : width + 1]])
    added = np.empty((len(CLASSES), width))
    added[:, order] = np.diff(forth, axis=0).T
    added[:, order[::-1]] += np.diff(back, axis=0).T
    return told[0], added / 2


def _starts(draw: np.random.Generator, rows: int, count: int) -> Ints:
    """Background rows in rounds: each once in a round, in a drawn order."""
    rounds = -(-count // rows)
    found = np.concatenate([draw.permutation(rows) for _ in range(rounds)])
    return np.asarray(found[:count], dtype=np.int64)


def _as_array(fitted: Fitted, given: Given) -> NDArray[np.float32]:
    asked = as_asked(given, fitted.steps)
    if fitted.steps == 1 or not isinstance(asked, Sequences):
        return as_float32(asked, fitted.columns)
    found = asked.gather()[:, -fitted.steps :]
    as_float32(found.reshape(-1, found.shape[-1]), fitted.columns)
    return np.asarray(found, dtype=np.float32)


def _refuse_shapes(
    row: NDArray[np.float32],
    background: NDArray[np.float32],
    columns: Columns,
    permutations: int,
) -> None:
    shaped = row.ndim in {1, 2} and row.shape[-1:] == (len(columns.names),)
    if not shaped or background.shape[1:] != row.shape or not len(background):
        raise InputError(
            f"A row of {len(columns.names)} columns needs background rows of its "
            f"shape, had {row.shape} and {background.shape}.",
            way_out="Pass some training rows as the background.",
        )
    if permutations < _LEAST:
        raise InputError(
            f"permutations must be at least {_LEAST}, was {permutations}.",
            way_out="Draw more orders: the error falls with their root.",
        )
