"""Bias-corrected temperature scaling: q = softmax(slope * log p + bias).

1. Write the logits as log r + a (log p - log r) + c, with r the base rates. a = 1 and
   c = 0 leaves a forecast as it is; a = 0 and c = 0 is the base rate.
2. Minimise the log loss plus ridge / 2 (a^2 + |c|^2) by damped Newton steps from the
   base rate. The function is convex and each step goes down, so the result is never
   worse than the base rate on the rows it was fitted on.
3. A negative a would bet against the model: then a = 0 and only c is fitted.
4. Hand out slope = a and bias = (1 - a) log r + c.
"""

import json
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from tradeloop.errors import ArtefactError, InputError
from tradeloop.models.base import CLASSES, Floats, Ints
from tradeloop.models.matrix import checked_weight, class_numbers, class_shares

FORMAT = "tradeloop-calibration-1"
RIDGE = 10.0
_SMALLEST = 1e-12
_STEPS = 100
_HALVINGS = 40
_SETTLED = 1e-12


@dataclass(frozen=True, slots=True)
class Calibration:
    """A map from raw to calibrated probabilities.

    Parameters
    ----------
    slope : float
        Inverse temperature, at least 0; 0 says that the model taught nothing.
    bias : tuple of float
        One per class, in the order of `CLASSES`.
    base_rates : tuple of float
        What it falls back to.
    rows : int
        Rows that it was fitted on.

    Raises
    ------
    InputError
        A figure is not finite, the slope is negative or the lengths are wrong.
    """

    slope: float
    bias: tuple[float, ...]
    base_rates: tuple[float, ...]
    rows: int

    def __post_init__(self) -> None:
        lengths = (len(self.bias), len(self.base_rates))
        finite = bool(np.isfinite([self.slope, *self.bias, *self.base_rates]).all())
        if lengths != (len(CLASSES),) * 2 or not finite or self.slope < 0:
            raise InputError(
                "A calibration needs a finite slope of at least 0 and "
                f"{len(CLASSES)} finite biases and base rates, was {self}.",
                way_out="Fit it again.",
            )

    def apply(self, probabilities: Floats) -> Floats:
        """Calibrate.

        Parameters
        ----------
        probabilities : ndarray of shape (n_rows, 3)
            Raw probabilities; below 1e-12 counts as 1e-12. A row with NaN stays NaN.

        Returns
        -------
        ndarray of shape (n_rows, 3)
            Each row sums to 1 up to rounding.
        """
        logs = np.log(np.maximum(probabilities, _SMALLEST))
        logits = self.slope * logs + np.array(self.bias)
        return _softmax(logits)

    def to_json(self) -> str:
        """Write it as JSON; every float survives to the bit."""
        return json.dumps(
            {
                "format": FORMAT,
                "classes": list(CLASSES),
                "slope": self.slope,
                "bias": list(self.bias),
                "base_rates": list(self.base_rates),
                "rows": self.rows,
            },
            indent=2,
            allow_nan=False,
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        Raises
        ------
        ArtefactError
            Not JSON, another format or other classes, or a field is missing or wrong.
        """
        try:
            found = json.loads(text)
            known = found["format"] == FORMAT and found["classes"] == list(CLASSES)
            if known:
                return cls(
                    slope=float(found["slope"]),
                    bias=tuple(float(value) for value in found["bias"]),
                    base_rates=tuple(float(value) for value in found["base_rates"]),
                    rows=int(found["rows"]),
                )
        except (ValueError, KeyError, TypeError) as error:
            raise ArtefactError(
                f"The calibration cannot be read: {error}. Train again."
            ) from error
        raise ArtefactError(
            f"The calibration must have the format {FORMAT} and the classes {CLASSES}, "
            f"had {found['format']!r} and {found['classes']}. Train again."
        )


def fit_calibration(
    probabilities: ArrayLike,
    direction: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    base_rates: ArrayLike | None = None,
    ridge: float = RIDGE,
) -> Calibration:
    """Fit the map on rows that the model has not seen.

    Parameters
    ----------
    probabilities : array of shape (n_rows, 3)
        Raw probabilities of the model, finite.
    direction : array of int of shape (n_rows,)
        -1, 0 or +1. A class may be absent.
    weight : array of shape (n_rows,), optional
        Weight of each row.
    base_rates : array of shape (3,), optional
        What a model without skill falls back to, each above 0; the shares of the
        classes in these rows if absent.
    ridge : float
        Precision of the prior at the base rates, above 0. 10 weighs about as much as
        45 rows on a bias, so a few hundred rows outweigh it.

    Returns
    -------
    Calibration
        Its log loss on these rows is at most that of ``base_rates``.

    Raises
    ------
    InputError
        Wrong shapes, no rows, a probability or a base rate that is not one.

    References
    ----------
    Guo, Pleiss, Sun and Weinberger, On calibration of modern neural networks, ICML
    2017 (temperature); Alexandari, Kundaje and Shrikumar, Maximum likelihood with
    bias-corrected calibration is hard-to-beat at label shift adaptation, ICML 2020.
    """
    raw = np.asarray(probabilities, dtype=np.float64)
    shaped = raw.ndim == len(("rows", "classes")) and raw.shape[1:] == (len(CLASSES),)
    if not shaped or not len(raw) or not ((raw >= 0) & (raw <= 1)).all():
        raise InputError(
            f"Calibration needs at least one row of {len(CLASSES)} probabilities "
            f"from 0 to 1, had the shape {raw.shape}.",
            way_out="Pass the model's predict_proba of rows it was not fitted on.",
        )
    classes = class_numbers(direction, len(raw))
    weights = checked_weight(weight, len(raw))
    rates = _checked_rates(base_rates, classes, weights)
    pull = np.log(np.maximum(raw, _SMALLEST)) - np.log(rates)
    slope, shift = _minimise(pull, rates, classes, weights, ridge)
    bias = (1 - slope) * np.log(rates) + shift
    return Calibration(
        slope=float(slope),
        bias=tuple(float(value) for value in bias),
        base_rates=tuple(float(value) for value in rates),
        rows=len(raw),
    )


def _checked_rates(
    base_rates: ArrayLike | None, classes: Ints, weights: Floats
) -> Floats:
    if base_rates is None:
        return class_shares(classes, weights)
    rates = np.asarray(base_rates, dtype=np.float64)
    if rates.shape != (len(CLASSES),) or not (rates > 0).all():
        raise InputError(
            f"Base rates must be {len(CLASSES)} numbers above 0, were {rates}.",
            way_out="Pass the shares of the classes in the training rows.",
        )
    return np.asarray(rates / rates.sum())


def _minimise(
    pull: Floats, rates: Floats, classes: Ints, weights: Floats, ridge: float
) -> tuple[float, Floats]:
    """Slope and shift at the minimum, with the slope kept at 0 or above."""
    free = _newton(pull, rates, classes, weights, ridge)
    if free[0] < 0:
        free = _newton(np.zeros_like(pull), rates, classes, weights, ridge)
    return max(float(free[0]), 0.0), free[1:]


def _newton(
    pull: Floats, rates: Floats, classes: Ints, weights: Floats, ridge: float
) -> Floats:
    """Damped Newton descent of the penalised log loss from the base rate."""
    at = np.zeros(1 + len(rates))
    loss = _penalised(at, pull, rates, classes, weights, ridge)
    for _ in range(_STEPS):
        slope, curvature = _derivatives(at, pull, rates, classes, weights, ridge)
        step = np.linalg.solve(curvature, slope)
        scale = 1.0
        for _ in range(_HALVINGS):
            below = _penalised(at - scale * step, pull, rates, classes, weights, ridge)
            if below < loss:
                break
            scale /= 2
        else:
            return at
        at, gained, loss = at - scale * step, loss - below, below
        if gained <= _SETTLED * abs(loss):
            return at
    return at


def _penalised(
    at: Floats,
    pull: Floats,
    rates: Floats,
    classes: Ints,
    weights: Floats,
    ridge: float,
) -> float:
    found = _softmax(np.log(rates) + at[0] * pull + at[1:])
    chosen = found[np.arange(len(classes)), classes]
    loss = -np.log(np.maximum(chosen, np.finfo(float).tiny))
    return float(weights @ loss + ridge / 2 * (at @ at))


def _derivatives(
    at: Floats,
    pull: Floats,
    rates: Floats,
    classes: Ints,
    weights: Floats,
    ridge: float,
) -> tuple[Floats, Floats]:
    """Gradient (4,) and Hessian (4, 4) with respect to (a, c)."""
    found = _softmax(np.log(rates) + at[0] * pull + at[1:])
    miss = (found - np.eye(len(rates))[classes]) * weights[:, None]
    weighted = found * weights[:, None]
    mean = (found * pull).sum(axis=1, keepdims=True)
    gradient = np.concatenate([[(miss * pull).sum()], miss.sum(axis=0)]) + ridge * at
    curvature = np.empty((len(at), len(at)))
    curvature[0, 0] = (weighted * (pull - mean) ** 2).sum()
    curvature[0, 1:] = curvature[1:, 0] = (weighted * (pull - mean)).sum(axis=0)
    curvature[1:, 1:] = np.diag(weighted.sum(axis=0)) - weighted.T @ found
    return gradient, curvature + ridge * np.eye(len(at))


def _softmax(logits: Floats) -> Floats:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))
