"""Largest eigenvalue of a symmetric matrix, with no luck needed.

Power iteration depends on a start and on the gap to the second eigenvalue. Here the
matrix is brought to three diagonals (Householder's reflections), and the eigenvalue is
found by halving (Sturm's count of those below a number). Work and result depend on the
matrix alone.
"""

from math import sqrt
from typing import Any

import numpy as np

from tradeloop.fold import Float, compiled

_HALVINGS = 64


@compiled
def _reflect(a: Float, v: Float, w: Float, first: int, norm: float) -> None:
    """Reflect the rest of the matrix at the plane to v, whose square is ``norm``."""
    along = 0.0
    for i in range(first, v.size):
        total = 0.0
        for j in range(first, i + 1):
            total += a[i, j] * v[j]
        for j in range(i + 1, v.size):
            total += a[j, i] * v[j]
        w[i] = 2.0 * (total / norm)
        along += w[i] * v[i]
    for i in range(first, v.size):
        w[i] -= v[i] * (along / norm)
    for i in range(first, v.size):
        for j in range(first, i + 1):
            a[i, j] -= v[i] * w[j] + w[i] * v[j]


@compiled
def _tridiagonal(a: Float, main: Float, beside: Float) -> None:
    """Fill both diagonals of a matrix similar to ``a``, whose lower half is used up."""
    size = a.shape[0]
    v, w = np.empty(size), np.empty(size)
    for k in range(size - 2):
        square = 0.0
        for i in range(k + 1, size):
            v[i] = a[i, k]
            square += v[i] * v[i]
        below = square - v[k + 1] * v[k + 1]
        main[k], beside[k] = a[k, k], a[k + 1, k]
        if below <= 0.0:
            continue
        length = -sqrt(square) if v[k + 1] > 0.0 else sqrt(square)
        beside[k] = length
        v[k + 1] -= length
        norm = below + v[k + 1] * v[k + 1]
        _reflect(a, v, w, k + 1, norm)
    if size > 1:
        main[size - 2], beside[size - 2] = a[size - 2, size - 2], a[size - 1, size - 2]
    main[size - 1] = a[size - 1, size - 1]


@compiled
def largest_eigenvalue(a: Float) -> Any:
    """Largest eigenvalue of a symmetric matrix, whose lower half is used up."""
    size = a.shape[0]
    main, beside = np.empty(size), np.zeros(size)
    _tridiagonal(a, main, beside)
    low, high = main[0], main[0]
    for i in range(size):
        reach = abs(beside[i]) + (abs(beside[i - 1]) if i > 0 else 0.0)
        low, high = max(low, main[i]), max(high, main[i] + reach)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        q, all_below = main[0] - middle, True
        for i in range(size):
            if i > 0:
                q = main[i] - middle - beside[i - 1] * (beside[i - 1] / q)
            if q >= 0.0:
                all_below = False
                break
        if all_below:
            high = middle
        else:
            low = middle
    return 0.5 * (low + high)
