"""A sigmoid per class against the rest: q_k in proportion to sigmoid(z_k).

1. z_k = logit r_k + a_k (logit p_k - logit r_k) + c_k, with r the base rates; a = 0 and
   c = 0 is the base rate.
2. Minimise, class by class, the cross-entropy against smoothed targets plus
   ridge / 2 (a^2 + c^2), by damped Newton steps. The targets are not 1 and 0 but
   (N+ + s) / (N+ + 2 s) for rows of the class and s / (N- + 2 s) for the others, with
   N+ and N- their weights. s = ridge / 10, so it is Platt's 1 at the ridge of 10.
3. A negative a_k would bet against the model: then a_k = 0 and only c_k is fitted.
4. The three chances are divided by their sum. If that leaves the rows with a higher
   log loss than the base rates have, the base rates it is.

References
----------
Platt, Probabilistic outputs for support vector machines, 1999; Lin, Lin and Weng, A
note on Platt's probabilistic outputs for support vector machines, Machine Learning 68,
2007 (targets, Newton); Zadrozny and Elkan, KDD 2002 (one against the rest).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from tradeloop.errors import InputError
from tradeloop.models.base import Floats
from tradeloop.models.calibrations.base import (
    RIDGE,
    SMALLEST,
    Rows,
    descend,
    finite,
)

_LEAST = 1e-300


@dataclass(frozen=True, slots=True)
class Platt:
    """Slope and bias of each class: sigmoid(slope_k logit p_k + bias_k), normalised.

    Parameters
    ----------
    slope, bias : tuple of float
        One per class, in the order of `CLASSES`; slopes at least 0.

    Raises
    ------
    InputError
        A figure is not finite, a slope is negative or there is not one per class.
    """

    slope: tuple[float, ...]
    bias: tuple[float, ...]

    def __post_init__(self) -> None:
        finite(self.slope, "slopes")
        finite(self.bias, "biases")
        if min(self.slope) < 0:
            raise InputError(
                f"A calibration needs slopes of at least 0, were {self.slope}.",
                way_out="Fit it again.",
            )

    @classmethod
    def fit(cls, rows: Rows) -> Self:
        """Fit slope and bias of each class."""
        prior = _logits(rows.rates)
        found = np.array([_one(rows, k, prior[k]) for k in range(len(prior))])
        bias = (1 - found[:, 0]) * prior + found[:, 1]
        fitted = cls(*(tuple(float(at) for at in part) for part in (found[:, 0], bias)))
        if rows.loss(fitted.apply(rows.raw)) <= rows.base_loss():
            return fitted
        return cls((0.0,) * len(prior), tuple(float(at) for at in prior))

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Self:
        """Read what `as_mapping` gave."""
        slope, bias = (tuple(map(float, found[name])) for name in ("slope", "bias"))
        return cls(slope, bias)

    def apply(self, probabilities: Floats) -> Floats:
        """Calibrate; probabilities are kept 1e-12 away from 0 and 1."""
        z = np.array(self.slope) * _logits(probabilities) + np.array(self.bias)
        chances = np.maximum(_sigmoid(z), _LEAST)
        return np.asarray(chances / chances.sum(axis=1, keepdims=True))

    def as_mapping(self) -> dict[str, Any]:
        """Return the parameters as JSON can hold them."""
        return {"slope": list(self.slope), "bias": list(self.bias)}


def _logits(chances: Floats) -> Floats:
    kept = np.clip(np.asarray(chances, np.float64), SMALLEST, 1 - SMALLEST)
    return np.asarray(np.log(kept) - np.log1p(-kept))


def _sigmoid(z: Floats) -> Floats:
    """1 / (1 + exp(-z)), which neither overflows nor loses small values."""
    raised = np.exp(-np.abs(z))
    return np.asarray(np.where(z >= 0, 1.0, raised) / (1 + raised))


def _one(rows: Rows, k: int, prior: float) -> Floats:
    """Slope and shift of class ``k`` at the minimum, the slope at least 0."""
    came = rows.classes == k
    smooth = rows.ridge / RIDGE
    there, away = (float(rows.weights[at].sum()) for at in (came, ~came))
    target = np.where(
        came, (there + smooth) / (there + 2 * smooth), smooth / (away + 2 * smooth)
    )
    pull = _logits(rows.raw[:, k]) - prior
    found = _newton(pull, target, rows, prior)
    if found[0] < 0:
        found = _newton(np.zeros_like(pull), target, rows, prior)
    return np.maximum(found, [0.0, -np.inf])


def _newton(pull: Floats, target: Floats, rows: Rows, prior: float) -> Floats:
    weights, ridge = rows.weights, rows.ridge

    def value(at: Floats) -> float:
        z = prior + at[0] * pull + at[1]
        return float(weights @ (np.logaddexp(0, z) - target * z) + ridge / 2 * at @ at)

    def derivatives(at: Floats) -> tuple[Floats, Floats]:
        chance = _sigmoid(prior + at[0] * pull + at[1])
        miss, bend = weights * (chance - target), weights * chance * (1 - chance)
        cross = bend @ pull
        gradient = np.array([miss @ pull, miss.sum()]) + ridge * at
        curvature = np.array([[bend @ pull**2, cross], [cross, bend.sum()]])
        return gradient, curvature + ridge * np.eye(2)

    return descend(value, derivatives, np.zeros(2))
