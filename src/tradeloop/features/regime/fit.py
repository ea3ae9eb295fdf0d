"""Fit a model of regimes to training rows: pure, and the same for the same seed.

States are not found by chance and then given names: each regime has its usual picture
(`usual_model`), which stands in the fit as so many rows of its own (a prior), so a
state keeps the meaning of its name.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.errors import InputError
from tradeloop.features.regime.model import (
    MEASURES,
    REGIMES,
    RegimeModel,
    Rows,
    usual_model,
)
from tradeloop.fold import Float, compiled

_LEAST_CHANCE, _LEAST_STD = 1e-5, 0.05
_ASIDE = 0.3  # how far, in standard deviations, the other starts begin


def fit_regime(
    features: pl.DataFrame,
    *,
    seed: int = 0,
    rounds: int = 20,
    starts: int = 3,
    anchor: float = 0.1,
    prefix: str = "regime_measures_",
) -> RegimeModel:
    """Fit a model by expectation and maximisation (Baum and Welch), with a prior.

    Parameters
    ----------
    features : polars.DataFrame of shape (n_rows, any)
        Training rows and no others: the columns ``prefix`` and `MEASURES` as
        `tradeloop.features.compute` gives them, in order of time; where there is a
        column ``instrument``, each instrument is a sequence of its own. Rows with a
        missing measure are left out.
    seed : int
        Of the starts after the first, which begin beside the usual model.
    rounds, starts : int
        Rounds of a start; starts, of which the likeliest is taken.
    anchor : float
        Weight of the usual model, as a share of the rows.
    prefix : str
        Ending of the columns' names comes after it.

    Returns
    -------
    RegimeModel
        The same for the same rows and figures.

    Raises
    ------
    InputError
        A column is absent, or no row is whole.
    """
    seen, first = _sequences(features, [prefix + name for name in MEASURES])
    random = np.random.default_rng(seed)
    found: list[tuple[float, RegimeModel]] = []
    for start in range(max(1, starts)):
        model = _beside(usual_model(), random) if start else usual_model()
        for _ in range(rounds):
            _, model = _round(model, seen, first, anchor)
        found.append((_round(model, seen, first, anchor)[0], model))
    return max(found, key=lambda each: each[0])[1]


def _sequences(
    features: pl.DataFrame, names: list[str]
) -> tuple[Float, NDArray[np.bool_]]:
    """Whole rows, and which of them begin an instrument."""
    absent = [name for name in names if name not in features.columns]
    whole = features if absent else features.drop_nulls(names).drop_nans(names)
    if absent or whole.is_empty():
        raise InputError(
            "A regime is fitted to measures that are not there.",
            way_out="Compute them with tradeloop.features.regime.regime_measures, over "
            "more rows than its long window.",
            column=absent[0] if absent else names[0],
        )
    first = np.zeros(whole.height, np.bool_)
    if "instrument" in whole.columns:
        name = whole["instrument"]
        first |= (name != name.shift()).fill_null(value=True).to_numpy()
    first[0] = True
    return np.ascontiguousarray(whole.select(names).to_numpy(), np.float64), first


def _beside(model: RegimeModel, random: np.random.Generator) -> RegimeModel:
    aside = random.normal(0.0, _ASIDE, (len(REGIMES), len(MEASURES)))
    mean = np.array(model.mean) + aside * np.array(model.std)
    return RegimeModel(model.start, model.transition, _rows(mean), model.std)


def _round(
    model: RegimeModel, seen: Float, first: NDArray[np.bool_], anchor: float
) -> tuple[float, RegimeModel]:
    """Logarithm of the chance of what was seen, and the model of the next round."""
    mean, std = np.array(model.mean), np.array(model.std)
    away = (seen[:, None, :] - mean) / std
    logs = -0.5 * (away**2).sum(2) - np.log(std).sum(1)
    start, transition = np.array(model.start), np.array(model.transition)
    chance, belief, moves = _smooth(logs, start, transition, first)
    usual, weight = usual_model(), anchor * len(seen) / len(REGIMES)
    usual_mean, usual_std = np.array(usual.mean), np.array(usual.std)
    rows = (belief.sum(0) + weight)[:, None]
    mean = (belief.T @ seen + weight * usual_mean) / rows
    square = np.einsum("tk,tkd->kd", belief, (seen[:, None, :] - mean) ** 2)
    square += weight * (usual_std**2 + (mean - usual_mean) ** 2)
    return chance, RegimeModel(
        start=_chances(belief[first].sum(0) + np.array(usual.start)),
        transition=tuple(map(_chances, moves + weight * np.array(usual.transition))),
        mean=_rows(mean),
        std=_rows(np.maximum(np.sqrt(square / rows), _LEAST_STD)),
    )


def _chances(counts: Float) -> tuple[float, ...]:
    share = np.maximum(counts / counts.sum(), _LEAST_CHANCE)
    return tuple((share / share.sum()).tolist())


def _rows(values: Float) -> Rows:
    return tuple(map(tuple, values.tolist()))


@compiled
def _smooth(
    logs: Float, start: Float, transition: Float, first: NDArray[np.bool_]
) -> tuple[float, Float, Float]:
    """Chance of all rows, of each regime in each row, and counts of moves.

    Forward and backward, each row scaled to a sum of 1. The chance leaves out what is
    the same for all models.
    """
    forward, seen, scale, chance = _forward(logs, start, transition, first)
    rows, size = logs.shape
    moves, behind = np.zeros((size, size)), np.ones(size)
    belief, before = forward.copy(), np.empty(size)
    for t in range(rows - 1, 0, -1):
        if first[t]:
            behind[:] = 1.0
            continue
        for i in range(size):
            before[i] = 0.0
            for j in range(size):
                step = transition[i, j] * seen[t, j] * behind[j] / scale[t]
                moves[i, j] += forward[t - 1, i] * step
                before[i] += step
        behind[:] = before
        belief[t - 1] = forward[t - 1] * behind
    return chance, belief, moves


@compiled
def _forward(
    logs: Float, start: Float, transition: Float, first: NDArray[np.bool_]
) -> tuple[Float, Float, Float, float]:
    """Chances after each row, densities by the largest, their sums, and the chance."""
    rows, size = logs.shape
    forward, seen = np.empty((rows, size)), np.empty((rows, size))
    scale, chance = np.empty(rows), 0.0
    for t in range(rows):
        top = logs[t].max()
        total = 0.0
        for j in range(size):
            seen[t, j] = np.exp(logs[t, j] - top)
            ahead = start[j]
            if not first[t]:
                ahead = 0.0
                for i in range(size):
                    ahead += forward[t - 1, i] * transition[i, j]
            forward[t, j] = ahead * seen[t, j]
            total += forward[t, j]
        forward[t] /= total
        scale[t] = total
        chance += np.log(total) + top
    return forward, seen, scale, chance
