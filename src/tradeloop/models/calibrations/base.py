"""What a kind of calibration is, and what the kinds share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from tradeloop.errors import InputError
from tradeloop.models.base import CLASSES, Floats, Ints

RIDGE = 10.0
"""Precision of the prior at the base rates; about 45 rows outweigh it on a bias."""
SMALLEST = 1e-12
"""Probabilities below count as this one."""
_STEPS = 100
_HALVINGS = 40
_SETTLED = 1e-12


class Map(Protocol):
    """A fitted kind: from raw to calibrated probabilities."""

    def apply(self, probabilities: Floats) -> Floats:
        """Calibrate rows of shape (n_rows, 3); a row with NaN stays NaN."""

    def as_mapping(self) -> dict[str, Any]:
        """Return the parameters as JSON can hold them."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows to fit a kind on, checked by `tradeloop.models.calibration`.

    Parameters
    ----------
    raw : ndarray of shape (n_rows, 3)
        Raw probabilities.
    classes : ndarray of int64 of shape (n_rows,)
        Class numbers.
    weights : ndarray of shape (n_rows,)
        At least 0.
    rates : ndarray of shape (3,)
        Base rates, each above 0, of sum 1.
    ridge : float
        Precision of the prior at the base rates, above 0.
    """

    raw: Floats
    classes: Ints
    weights: Floats
    rates: Floats
    ridge: float

    def loss(self, probabilities: Floats) -> float:
        """Sum of the weighted log losses of a forecast of these rows, in nats."""
        given = probabilities[np.arange(len(self.classes)), self.classes]
        losses = -np.log(np.maximum(given, np.finfo(float).tiny))
        return float(self.weights @ losses)

    def base_loss(self) -> float:
        """Return `loss` of the base rates."""
        return self.loss(np.broadcast_to(self.rates, self.raw.shape))


def finite(values: tuple[float, ...], what: str) -> None:
    """Refuse parameters of which there is not one per class, or that are not finite.

    Raises
    ------
    InputError
        A rule is broken; ``what`` names the parameters.
    """
    if len(values) != len(CLASSES) or not np.isfinite(values).all():
        raise InputError(
            f"A calibration needs {len(CLASSES)} finite {what}, had {values}.",
            way_out="Fit it again.",
        )


def softmax(logits: Floats) -> Floats:
    """Exponentiate and normalise each row, safe against overflow."""
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def logs(probabilities: Floats) -> Floats:
    """Logarithms, with `SMALLEST` as the floor."""
    return np.asarray(np.log(np.maximum(probabilities, SMALLEST)))


def descend(
    value: Callable[[Floats], float],
    derivatives: Callable[[Floats], tuple[Floats, Floats]],
    start: Floats,
) -> Floats:
    """Minimise a strictly convex function by damped Newton steps, each downwards.

    Parameters
    ----------
    value : callable
        The function, of a point of shape (n,).
    derivatives : callable
        Its gradient (n,) and Hessian (n, n).
    start : ndarray of shape (n,)
        Where to begin; the result is never above it.
    """
    at, lowest = start, value(start)
    for _ in range(_STEPS):
        slope, curvature = derivatives(at)
        step = np.linalg.solve(curvature, slope)
        scale = 1.0
        for _ in range(_HALVINGS):
            below = value(at - scale * step)
            if below < lowest:
                break
            scale /= 2
        else:
            return at
        at, gained, lowest = at - scale * step, lowest - below, below
        if gained <= _SETTLED * abs(lowest):
            return at
    return at
