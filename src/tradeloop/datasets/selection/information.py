"""What a column tells of a class: mutual information and information gain, in nats.

``mutual_information`` is Ross's estimator: the distance from each value to its k-th
nearest of the same class says how many values of any class lie within it. Tied values,
at distance 0, count all their ties (Gao and others), so that a column of few values
comes close to the plain sum over its table. ``information_gain`` is what the best
threshold takes off the entropy of the class: the first split of a decision tree.

References
----------
Ross, Mutual information between discrete and continuous data sets, 2014. Gao, Kannan,
Oh and Viswanath, Estimating mutual information for discrete-continuous mixtures, 2017.
Quinlan, C4.5, 1993.
"""

import numpy as np
from numpy.typing import NDArray

from tradeloop.fold import Float

Ints = NDArray[np.int64]
NEIGHBOURS = 3
_EULER = 0.5772156649015329
_ROUNDING = float(np.finfo(np.float64).eps)


def mutual_information(x: Float, classes: Ints, k: int = NEIGHBOURS) -> float:
    """Estimate the mutual information of a column and a class.

    Parameters
    ----------
    x : ndarray of shape (n_rows,)
        Finite values.
    classes : ndarray of int64 of shape (n_rows,)
        Any whole numbers; classes with one row are left out.
    k : int
        Neighbours, at least 1; fewer in classes of no more than k rows.

    Returns
    -------
    float
        Nats, never below 0; 0 where fewer than two classes are left.
    """
    names, place, sizes = np.unique(classes, return_inverse=True, return_counts=True)
    kept = sizes[place] > 1
    if np.count_nonzero(sizes > 1) < len(("one", "other")):
        return 0.0
    x, place = x[kept], place[kept]
    n, whole = len(x), np.sort(x)
    digamma = _digamma(n + 1)
    total = digamma[n]
    for at in range(len(names)):
        own = np.sort(x[place == at])
        if not len(own):
            continue
        near = min(k, len(own) - 1)
        radius = _kth_distance(own, near)
        tied = radius == 0
        neighbours = np.where(tied, _within(own, own, radius), near)
        # Strictly within, and with the value itself; ties all.
        others = np.where(
            tied, _within(whole, own, radius), _strictly_within(whole, own, radius)
        )
        told = digamma[neighbours] - digamma[others] - digamma[len(own)]
        total += float(told.sum()) / n
    return max(0.0, float(total))


def information_gain(x: Float, classes: Ints) -> float:
    """Return the most that one threshold takes off the entropy of the class, in nats.

    Parameters
    ----------
    x : ndarray of shape (n_rows,)
        Finite values.
    classes : ndarray of int64 of shape (n_rows,)
        Any whole numbers.
    """
    if len(x) == 0:
        return 0.0
    order = np.argsort(x, kind="stable")
    values = x[order]
    names, place = np.unique(classes, return_inverse=True)
    ends = np.flatnonzero(values[1:] > values[:-1])
    if not len(ends) or len(names) == 1:
        return 0.0
    marked = place[order][:, None] == np.arange(len(names))
    left = np.cumsum(marked, axis=0)[ends].astype(np.float64)
    whole = marked.sum(axis=0).astype(np.float64)
    below: Float = (ends + 1.0).astype(np.float64)[:, None]
    n = float(len(x))
    after = _entropy_sum(left, below) + _entropy_sum(whole - left, -below + n)
    before = _entropy_sum(whole[None, :], np.array([[n]]))[0]
    return max(0.0, float(before - after.min()) / n)


def _entropy_sum(counts: Float, totals: Float) -> Float:
    """Entropy of each row of counts, times its total."""
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(counts > 0, counts * np.log(counts / totals), 0.0)
    return np.asarray(-parts.sum(axis=1))


def _kth_distance(own: Float, k: int) -> Float:
    """Distance from each sorted value to its k-th nearest other one."""
    n, found = len(own), np.full(len(own), np.inf)
    for left in range(k + 1):  # windows of k + 1 values that hold the value
        right = k - left
        inner = slice(left, n - right)
        middle = own[inner]
        reach = np.maximum(middle - own[: n - k], own[k:] - middle)
        found[inner] = np.minimum(found[inner], reach)
    return found


def _within(whole: Float, x: Float, radius: Float) -> Ints:
    high = np.searchsorted(whole, x + radius, side="right")
    return np.asarray(high - np.searchsorted(whole, x - radius, side="left"))


def _strictly_within(whole: Float, x: Float, radius: Float) -> Ints:
    # The neighbour at the radius is out, however the sum with it was rounded.
    inner = np.maximum(radius - (radius + 4 * np.abs(x)) * _ROUNDING, 0.0)
    return _within(whole, x, inner)


def _digamma(most: int) -> Float:
    """Digamma of the whole numbers 0 (infinite) to ``most``."""
    steps = np.concatenate([[-np.inf, -_EULER], np.ones(max(0, most - 1))])
    steps[2:] /= np.arange(1, most)
    steps[1:] = np.cumsum(steps[1:])
    return steps[: most + 1]
