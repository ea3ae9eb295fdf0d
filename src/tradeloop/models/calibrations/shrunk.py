"""Bias-corrected temperature scaling: q = softmax(slope * log p + bias).

1. Write the logits as log r + a (log p - log r) + c, with r the base rates. a = 1 and
   c = 0 leaves a forecast as it is; a = 0 and c = 0 is the base rate.
2. Minimise the log loss plus ridge / 2 (a^2 + |c|^2) by damped Newton steps from the
   base rate. The function is convex and each step goes down, so the result is never
   worse than the base rate on the rows it was fitted on.
3. A negative a would bet against the model: then a = 0 and only c is fitted.
4. Hand out slope = a and bias = (1 - a) log r + c.

References
----------
Guo, Pleiss, Sun and Weinberger, On calibration of modern neural networks, ICML 2017
(temperature); Alexandari, Kundaje and Shrikumar, Maximum likelihood with bias-corrected
calibration is hard-to-beat at label shift adaptation, ICML 2020.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from tradeloop.errors import InputError
from tradeloop.models.base import Floats
from tradeloop.models.calibrations.base import Rows, descend, finite, logs, softmax


@dataclass(frozen=True, slots=True)
class Shrunk:
    """A slope for all classes and a bias for each.

    Parameters
    ----------
    slope : float
        Inverse temperature, at least 0; 0 says that the model taught nothing.
    bias : tuple of float
        One per class, in the order of `CLASSES`.

    Raises
    ------
    InputError
        A figure is not finite, the slope is negative or there is not one bias a class.
    """

    slope: float
    bias: tuple[float, ...]

    def __post_init__(self) -> None:
        finite(self.bias, "biases")
        if not 0 <= self.slope < np.inf:
            raise InputError(
                f"A calibration needs a finite slope of at least 0, was {self.slope}.",
                way_out="Fit it again.",
            )

    @classmethod
    def fit(cls, rows: Rows) -> Self:
        """Fit slope and biases."""
        slope, shift = minimise(rows, free=True)
        bias = (1 - slope) * np.log(rows.rates) + shift
        return cls(slope, tuple(float(value) for value in bias))

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Self:
        """Read what `as_mapping` gave."""
        return cls(float(found["slope"]), tuple(float(at) for at in found["bias"]))

    def apply(self, probabilities: Floats) -> Floats:
        """Calibrate; a probability below 1e-12 counts as 1e-12."""
        return softmax(self.slope * logs(probabilities) + np.array(self.bias))

    def as_mapping(self) -> dict[str, Any]:
        """Return the parameters as JSON can hold them."""
        return {"slope": self.slope, "bias": list(self.bias)}


def minimise(rows: Rows, *, free: bool) -> tuple[float, Floats]:
    """Slope and shifts at the minimum, with the slope kept at 0 or above.

    Parameters
    ----------
    rows : Rows
        What to fit on.
    free : bool
        Whether the shifts are fitted; else they are 0.
    """
    pull = logs(rows.raw) - np.log(rows.rates)
    found = _newton(pull, rows, free=free)
    if found[0] < 0:
        found = _newton(np.zeros_like(pull), rows, free=free)
    return max(float(found[0]), 0.0), found[1:]


def _newton(pull: Floats, rows: Rows, *, free: bool) -> Floats:
    """Descend from the base rate over (a, c), with c held at 0 unless it is free."""
    size = 1 + len(rows.rates)
    fitted = np.arange(size if free else 1)
    prior, happened = np.log(rows.rates), np.eye(len(rows.rates))[rows.classes]

    def whole(at: Floats) -> Floats:
        return np.concatenate([at, np.zeros(size - len(at))])

    def value(at: Floats) -> float:
        full = whole(at)
        chances = softmax(prior + full[0] * pull + full[1:])
        return rows.loss(chances) + rows.ridge / 2 * float(at @ at)

    def derivatives(at: Floats) -> tuple[Floats, Floats]:
        full = whole(at)
        chances = softmax(prior + full[0] * pull + full[1:])
        miss = (chances - happened) * rows.weights[:, None]
        weighted = chances * rows.weights[:, None]
        mean = (chances * pull).sum(axis=1, keepdims=True)
        gradient = np.concatenate([[(miss * pull).sum()], miss.sum(axis=0)])
        curvature = np.empty((size, size))
        curvature[0, 0] = (weighted * (pull - mean) ** 2).sum()
        cross = (weighted * (pull - mean)).sum(axis=0)
        curvature[0, 1:] = curvature[1:, 0] = cross
        curvature[1:, 1:] = np.diag(weighted.sum(axis=0)) - weighted.T @ chances
        curvature += rows.ridge * np.eye(size)
        return gradient[fitted] + rows.ridge * at, curvature[np.ix_(fitted, fitted)]

    return descend(value, derivatives, np.zeros(len(fitted)))
