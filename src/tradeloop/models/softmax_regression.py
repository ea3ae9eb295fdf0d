"""Multinomial logistic regression with a quadratic penalty, by L-BFGS.

Minimises  sum_i w_i (-log p_i) + 1 / (2 C) sum_kj (W_kj - W0_kj)^2  over W and the
intercept, which is not penalised. The function is convex, so one minimum exists
whatever the start; W0 is 0, or what earlier rows taught. Nothing is random.

References
----------
Liu and Nocedal, On the limited memory BFGS method for large scale optimization, 1989.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeloop.errors import MissingExtraError
from tradeloop.models.base import CLASSES, Floats, Ints
from tradeloop.models.exact import softmax

_SETTLED = 1e-6
_ROWS_AT_ONCE = 16_384


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """Logits that are linear in the values.

    Parameters
    ----------
    coefficients : ndarray of shape (3, n_values)
        One row per class.
    intercept : ndarray of shape (3,)
        Logits where all values are 0.
    """

    coefficients: Floats
    intercept: Floats


def fit_linear(
    values: NDArray[np.floating],
    classes: Ints,
    weight: Floats,
    *,
    strength: float,
    most_steps: int,
    prior: Linear | None = None,
) -> Linear:
    """Fit the regression.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_values)
        Finite, on one scale.
    classes : ndarray of shape (n_rows,)
        Class numbers.
    weight : ndarray of shape (n_rows,)
        Weight of each row.
    strength : float
        C: the larger, the weaker the penalty.
    most_steps : int
        Steps of L-BFGS, at most.
    prior : Linear, optional
        W0, from which the descent also starts; 0 and the base rates if absent.

    Raises
    ------
    MissingExtraError
        SciPy is not installed.
    """
    width = values.shape[1]
    rates = np.bincount(classes, weights=weight, minlength=len(CLASSES))
    begin = prior or Linear(np.zeros((len(CLASSES), width)), _centred(np.log(rates)))
    whole = weight.sum()

    def loss(at: Floats) -> tuple[float, Floats]:
        slopes, intercept = at[: -len(CLASSES)].reshape(-1, width), at[-len(CLASSES) :]
        away = slopes - begin.coefficients
        found = 0.5 / strength * float((away**2).sum())
        gradient, pull = away / strength, np.zeros(len(CLASSES))
        for some, one, heavy in _blocks(values, classes, weight):
            miss = softmax(some @ slopes.T + intercept)
            told = miss[np.arange(len(one)), one]
            found -= float(heavy @ np.log(np.maximum(told, np.finfo(float).tiny)))
            miss[np.arange(len(one)), one] -= 1
            miss *= heavy[:, None]
            gradient += miss.T @ some
            pull += miss.sum(axis=0)
        return found / whole, np.concatenate([gradient.ravel(), pull]) / whole

    answer = _minimise()(
        loss,
        np.concatenate([begin.coefficients.ravel(), begin.intercept]),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": most_steps, "gtol": _SETTLED, "ftol": 0.0},
    )
    slopes = answer.x[: -len(CLASSES)].reshape(-1, width)
    return Linear(slopes, _centred(answer.x[-len(CLASSES) :]))


def _blocks(
    values: NDArray[np.floating], classes: Ints, weight: Floats
) -> Iterator[tuple[Floats, Ints, Floats]]:
    """Rows in float64, some at a time: all at once would double the memory."""
    for begin in range(0, len(classes), _ROWS_AT_ONCE):
        rows = slice(begin, begin + _ROWS_AT_ONCE)
        yield values[rows].astype(np.float64), classes[rows], weight[rows]


def _centred(logits: Floats) -> Floats:
    """Logits of mean 0: a shift of all three says nothing."""
    return np.asarray(logits - logits.mean())


def _minimise() -> Any:
    try:
        from scipy.optimize import minimize  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("scipy", "models") from error
    return minimize
