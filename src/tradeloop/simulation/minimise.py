"""Smallest value of a function of a few variables, without derivatives."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]


def nelder_mead(
    function: Callable[[Float], float],
    start: Float,
    *,
    step: float = 0.5,
    tolerance: float = 1e-7,
    most: int = 2_000,
) -> Float:
    """Nelder-Mead with the usual coefficients 1, 2, 1/2, 1/2.

    Parameters
    ----------
    function : callable
        Takes an array of shape (n,) and returns a number; infinity is allowed.
    start : ndarray of shape (n,)
        Where to begin.
    step : float
        Size of the first simplex.
    tolerance : float
        Stop when the values of the simplex differ by less, relative to the best.
    most : int
        Calls of the function at most.

    Returns
    -------
    ndarray of shape (n,)

    References
    ----------
    Nelder and Mead (1965), The Computer Journal 7, 308-313.
    """
    n = start.size
    corners = np.vstack([start, start + step * np.eye(n)])
    values = np.array([function(corner) for corner in corners])
    calls = n + 1
    while calls < most:
        order = np.argsort(values, kind="stable")
        corners, values = corners[order], values[order]
        if values[-1] - values[0] <= tolerance * (abs(values[0]) + tolerance):
            break
        centre = corners[:-1].mean(axis=0)
        away = centre - corners[-1]
        trial, calls = centre + away, calls + 1
        found = function(trial)
        if found < values[0]:
            far, calls = centre + 2 * away, calls + 1
            further = function(far)
            trial, found = (far, further) if further < found else (trial, found)
        elif found >= values[-2]:
            near = centre + 0.5 * away if found < values[-1] else centre - 0.5 * away
            trial, found, calls = near, function(near), calls + 1
        if found < values[-1]:
            corners[-1], values[-1] = trial, found
            continue
        corners[1:] = corners[0] + 0.5 * (corners[1:] - corners[0])
        values[1:] = [function(corner) for corner in corners[1:]]
        calls += n
    return corners[np.argmin(values)]  # type: ignore[no-any-return]
