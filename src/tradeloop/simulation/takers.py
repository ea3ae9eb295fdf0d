"""Sides of takers: a hidden parent order that keeps a direction."""

import numpy as np
from numpy.typing import NDArray

from tradeloop.fold import compiled

Float = NDArray[np.float64]


@compiled
def _filter_square(draws: Float, follow: float, turn: float) -> float:
    direction, belief, total = 1.0, 0.5, 0.0
    n = draws.shape[0]
    for k in range(n):
        if draws[k, 0] < turn:
            direction = -direction
        side = direction if draws[k, 1] < follow else -direction
        up = belief * (1.0 - turn) + (1.0 - belief) * turn
        total += ((2.0 * follow - 1.0) * (2.0 * up - 1.0)) ** 2
        like = follow if side > 0.0 else 1.0 - follow
        belief = up * like / (up * like + (1.0 - up) * (1.0 - like))
    return float(total / n)


def expected_square(follow: float, turn: float) -> float:
    """Mean square of the expectation of the next side given the past ones.

    From 20,000 draws with a fixed seed: it sets how the variance is shared out between
    diffusion and impact, and needs no more digits.
    """
    draws = np.random.default_rng(0).random((20_000, 2))
    return float(_filter_square(draws, follow, turn))


@compiled
def expected_sides(sides: Float, follow: float, turn: float) -> Float:
    """Expect each side given those before it: the exact filter.

    Parameters
    ----------
    sides : ndarray of shape (n,)
        +1 and -1.

    Returns
    -------
    ndarray of shape (n,)
    """
    out, belief = np.empty(sides.shape[0]), 0.5
    for k in range(sides.shape[0]):
        up = belief * (1.0 - turn) + (1.0 - belief) * turn
        out[k] = (2.0 * follow - 1.0) * (2.0 * up - 1.0)
        like = follow if sides[k] > 0.0 else 1.0 - follow
        belief = up * like / (up * like + (1.0 - up) * (1.0 - like))
    return out


def persistence(sides: Float, lags: int = 20) -> tuple[float, float]:
    """Follow and turn from the autocorrelation ``q**2 * (1 - 2 * turn)**lag``.

    Least squares on the logarithm of the positive autocorrelations up to ``lags``,
    weighted by their size; ``q = 2 * follow - 1``.

    Parameters
    ----------
    sides : ndarray of shape (n,)
        +1 and -1, at least ``lags + 2`` of them.
    """
    centred = sides - sides.mean()
    found = np.array(
        [np.mean(centred[k:] * centred[:-k]) for k in range(1, lags + 1)]
    ) / np.mean(centred**2)
    lag = np.arange(1, lags + 1)
    known = found > 2.0 / np.sqrt(sides.size)
    if known.sum() < 2:  # noqa: PLR2004  # a line needs two points
        return 0.5, 0.5
    slope, level = np.polyfit(lag[known], np.log(found[known]), 1, w=found[known])
    keep = float(np.clip(np.exp(slope), 0.0, 0.999))
    q = float(np.sqrt(np.clip(np.exp(level), 0.0, 0.98)))
    return 0.5 * (1.0 + q), 0.5 * (1.0 - keep)
