"""What every statistic asks of its rows: enough of them, and all finite."""

from math import isfinite

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.errors import InputError

Floats = NDArray[np.float64]


def finite_rows(rows: ArrayLike, *, name: str, at_least: int, axes: int = 1) -> Floats:
    """Return ``rows`` as float64, or say what is wrong with them.

    Parameters
    ----------
    rows : array_like of shape (n_rows, ...)
        Rows on axis 0.
    name : str
        Name of the argument, for the message.
    at_least : int
        Fewest rows with which the statistic has a meaning.
    axes : int
        Number of axes that the array must have.

    Raises
    ------
    InputError
        Wrong number of axes, too few rows, or a value that is NaN or infinite.
    """
    values = np.asarray(rows, dtype=np.float64)
    if values.ndim != axes:
        raise InputError(
            f"{name} must have {axes} axes, had {values.ndim}.",
            way_out="Put one row per observation on axis 0.",
            source=name,
        )
    if len(values) < at_least:
        raise InputError(
            f"{name} must have at least {at_least} rows, had {len(values)}.",
            way_out="Give more rows.",
            source=name,
        )
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        at = tuple(int(k) for k in wrong[0])
        raise InputError(
            f"{name} must be finite, was {values[at]}.",
            way_out="Drop or fill the missing rows first; no statistic skips them.",
            source=name,
            row=at[0],
        )
    return values


def between(value: float, low: float, high: float, *, name: str) -> float:
    """Return ``value`` if it lies strictly between ``low`` and ``high``.

    Raises
    ------
    InputError
        The value does not lie between them, or is NaN.
    """
    if not low < value < high:
        raise InputError(
            f"{name} must lie between {low} and {high}, was {value}.",
            way_out=f"Give a {name} inside these bounds.",
            source=name,
        )
    return float(value)


def at_least(value: int, least: int, *, name: str) -> int:
    """Return ``value`` if it is a whole number of at least ``least``.

    Raises
    ------
    InputError
        The value is smaller, or is no whole number.
    """
    if not isfinite(value) or int(value) != value or value < least:
        raise InputError(
            f"{name} must be a whole number of at least {least}, was {value}.",
            way_out=f"Give {name} as such a number.",
            source=name,
        )
    return int(value)
