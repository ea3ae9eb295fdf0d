"""Rows at which the price has moved enough to be worth a decision: symmetric CUSUM."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tradeloop.errors import InputError
from tradeloop.fold import compiled
from tradeloop.labels.base import Floats, PricePath, Times

Rows = NDArray[np.intp]


class Events(NamedTuple):
    """Rows at which a sum crossed its threshold.

    Parameters
    ----------
    row : ndarray of shape (n_events,)
        Rows of the path, rising.
    known_ns : ndarray of shape (n_events,)
        When each row was known: the earliest time of a decision on it, ns UTC.
    way : ndarray of int8, shape (n_events,)
        +1 the sum of rises crossed, -1 that of falls.
    """

    row: Rows
    known_ns: Times
    way: NDArray[np.int8]


@compiled
def _crossings(moves: Floats, threshold: Floats) -> NDArray[np.int8]:
    """+1, -1 or 0 per row; row ``k + 1`` is judged by what was known at row ``k``."""
    way = np.zeros(moves.shape[0] + 1, dtype=np.int8)
    up, down = 0.0, 0.0
    for k in range(moves.shape[0]):
        bound = threshold[k]
        if np.isnan(bound):
            continue
        up, down = max(0.0, up + moves[k]), min(0.0, down + moves[k])
        if up >= bound:
            up, way[k + 1] = 0.0, 1
        elif -down >= bound:
            down, way[k + 1] = 0.0, -1
    return way


def cusum_events(path: PricePath, threshold: Floats | float) -> Events:
    """Sample events by the symmetric CUSUM filter of log prices.

    With ``dy_t = ln(p_t / p_{t-1})``: ``S+_t = max(0, S+_{t-1} + dy_t)`` and ``S-_t =
    min(0, S-_{t-1} + dy_t)``. An event is where ``S+ >= h`` or ``S- <= -h``; that sum
    goes back to 0, the other one goes on. ``h`` is that known before t: the entry of
    ``threshold`` at row ``t - 1``.

    Parameters
    ----------
    path : PricePath
        Prices, of closes or mids.
    threshold : float, or ndarray of shape (n_rows,)
        ``h``, above 0, as log return: one for all, or as known at each row, such as a
        multiple of `labels.volatility.row_volatility`. Where it is NaN the next row is
        passed over and the sums stay.

    Raises
    ------
    InputError
        The threshold is not above 0, or has another length than the path.

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, section 2.5.2.1.
    """
    bounds = np.asarray(threshold, dtype=np.float64)
    if bounds.ndim and bounds.shape != path.price.shape:
        raise InputError(
            f"threshold must have one entry per row, {len(path)}, had {bounds.shape}.",
            way_out="Give one number, or a series as known at each row.",
            source="threshold",
        )
    if (bounds <= 0).any() or (not bounds.ndim and np.isnan(bounds)):
        raise InputError(
            f"threshold must be above 0, was {np.fmin.reduce(bounds.ravel())}.",
            way_out="Give the log return that makes an event, such as 0.01.",
            source="threshold",
        )
    if not len(path):
        row = np.zeros(0, dtype=np.intp)
        return Events(row, path.known_ns[row], row.astype(np.int8))
    moves = np.log(path.price[1:] / path.price[:-1])
    way = _crossings(moves, np.broadcast_to(bounds, path.price.shape).copy())
    row = np.flatnonzero(way)
    return Events(row, path.known_ns[row], way[row])
