"""The arithmetic of a vote, and weights that are learned for it.

Training, artefacts and the live scorer share it, so that they agree to the bit.
"""

from math import isfinite, isnan, nan

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.errors import InputError
from tradeloop.models.base import CLASSES, Floats
from tradeloop.models.matrix import checked_weight, class_numbers

SETTLED_NATS = 1e-9
"""How near the optimum `learned_weights` stops, in nats a row; it is a proven bound."""
_STEPS = 5_000
_LEAST_PROBABILITY = 1e-15
_AXES = ("members", "rows", "classes")


def blend(
    probabilities: ArrayLike,
    weights: ArrayLike,
    there: NDArray[np.bool_] | None = None,
) -> Floats:
    """Weighted mean of the forecasts of those members that are there.

    q = sum of w p over the members there / sum of w over the members there.

    Parameters
    ----------
    probabilities : array of shape (n_members, n_rows, 3)
        Forecasts; a row with NaN counts as absent.
    weights : array of shape (n_members,)
        Finite and at least 0; they need not sum to 1. A member of weight 0 changes
        nothing, to the bit.
    there : ndarray of bool of shape (n_members, n_rows), optional
        Which member speaks for which row; all if absent.

    Returns
    -------
    ndarray of shape (n_rows, 3)
        NaN where no member of a weight above 0 is there. The forecast of a single
        member is that member's, to the bit.

    Raises
    ------
    InputError
        Other shapes, or a weight that is negative or not finite.
    """
    found = np.asarray(probabilities, dtype=np.float64)
    shares = np.asarray(weights, dtype=np.float64)
    _refuse_shapes(found, shares, there)
    # One member after the other, as the order of NumPy's own sums varies with shape.
    voices = [(at, share) for at, share in enumerate(shares.tolist()) if share > 0]
    if found.shape[1] == 1:
        if there is not None:
            voices = [voice for voice in voices if there[voice[0], 0]]
        return _of_one_row(found[:, 0].tolist(), voices)
    speaks: NDArray[np.bool_] = np.asarray(~np.isnan(found).any(axis=2))
    if there is not None:
        speaks = speaks & there
    whole = np.zeros(found.shape[1])
    for at, share in voices:
        whole += np.where(speaks[at], share, 0.0)
    mixed = np.zeros(found.shape[1:])
    with np.errstate(invalid="ignore"):
        for at, share in voices:
            # Shares first: a lone member then has the share 1.0, and keeps its bits.
            own = np.where(speaks[at], share, 0.0) / whole
            mixed += own[:, None] * np.where(speaks[at][:, None], found[at], 0.0)
    mixed[whole == 0] = np.nan
    return mixed


def _of_one_row(told: list[list[float]], voices: list[tuple[int, float]]) -> Floats:
    """Do the same for the live row, with the same operations in the same order.

    Plain floats take 2 us where arrays of one row take 20.
    """
    there = [(told[at], w) for at, w in voices if not any(map(isnan, told[at]))]
    whole = 0.0
    for _, share in there:
        whole += share
    mixed = [0.0 if there else nan] * len(CLASSES)
    for own, share in there:
        scaled = share / whole
        mixed = [sofar + scaled * p for sofar, p in zip(mixed, own, strict=True)]
    return np.array([mixed])


def _refuse_shapes(
    found: Floats, weights: Floats, there: NDArray[np.bool_] | None
) -> None:
    shaped = found.ndim == len(_AXES) and found.shape[2] == len(CLASSES)
    if not shaped or weights.shape != found.shape[:1]:
        raise InputError(
            f"A vote needs probabilities of shape (n_members, n_rows, {len(CLASSES)}) "
            f"and as many weights, had {found.shape} and {weights.shape}.",
            way_out="Pass one forecast and one weight per member.",
        )
    if there is not None and there.shape != found.shape[:2]:
        raise InputError(
            f"`there` must have the shape {found.shape[:2]}, had {there.shape}.",
            way_out="Say of each member and row whether it is there.",
        )
    if not all(isfinite(weight) and weight >= 0 for weight in weights.tolist()):
        raise InputError(
            f"Weights must be finite and at least 0, were {weights.tolist()}.",
            way_out="Correct the weights.",
        )


def learned_weights(
    probabilities: ArrayLike, direction: ArrayLike, weight: ArrayLike | None = None
) -> Floats:
    """Find the weights of the members that minimise the log loss of their blend.

    1. The blend is a mixture, its log loss is convex in the weights; the steps of
       expectation maximisation w_k <- w_k g_k, with g_k the mean of p_k / blend, never
       raise it.
    2. max g - 1 bounds the distance to the optimum, in nats a row. Stop below
       `SETTLED_NATS`, or after 5,000 steps.
    3. Where a single member does as well on these rows, it gets all the weight: the
       result is never worse than the best member.

    Parameters
    ----------
    probabilities : array of shape (n_members, n_rows, 3)
        Forecasts of rows that no member was fitted on.
    direction : array of int of shape (n_rows,)
        What came, -1, 0 or +1.
    weight : array of shape (n_rows,), optional
        Weight of each row.

    Returns
    -------
    ndarray of shape (n_members,)
        At least 0 each, sum 1.

    Raises
    ------
    InputError
        No rows, other shapes, NaN, or values outside 0 to 1.

    References
    ----------
    Lindsay, The geometry of mixture likelihoods, 1983 (the bound).
    """
    found = np.asarray(probabilities, dtype=np.float64)
    good = found.ndim == len(_AXES) and min(found.shape) > 0
    if not good or not ((found >= 0) & (found <= 1)).all():
        raise InputError(
            "Weights are learned from probabilities between 0 and 1 of shape "
            f"(n_members, n_rows, {len(CLASSES)}), had {found.shape} or others.",
            way_out="Leave out rows for which a member has no forecast.",
        )
    rows = found.shape[1]
    classes = class_numbers(direction, rows)
    share = checked_weight(weight, rows)
    share = share / share.sum()
    told = np.maximum(found[:, np.arange(rows), classes], _LEAST_PROBABILITY)
    weights = _maximise(told, share)
    losses = -np.log(told) @ share
    best = int(np.argmin(losses))
    if losses[best] <= -np.log(weights @ told) @ share:
        return np.asarray(np.eye(len(told))[best])
    return weights


def _maximise(told: Floats, share: Floats) -> Floats:
    weights = np.full(len(told), 1 / len(told))
    for _ in range(_STEPS):
        gain = (told / (weights @ told)) @ share
        if gain.max() - 1 <= SETTLED_NATS:
            break
        weights = weights * gain
        weights = weights / weights.sum()
    return weights
