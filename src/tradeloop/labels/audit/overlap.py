"""How much labels that overlap in time count for: uniqueness and effective rows.

The label of a decision depends on prices of its interval ``[decision_ns, end_ns]``.
Where ``c(t)`` labels of an instrument cover the instant ``t``, the uniqueness of a
label is the mean of ``1 / c(t)`` over its interval. The sum of the uniqueness is the
number of labels that do not overlap to which all of them amount: the effective rows.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.errors import InputError
from tradeloop.labels.base import Floats, Times


def intervals(decision_ns: ArrayLike, end_ns: ArrayLike) -> tuple[Times, Times]:
    """Return label intervals as arrays, or say what is wrong with them.

    Parameters
    ----------
    decision_ns, end_ns : array_like of int, shape (n,)
        ns UTC.

    Raises
    ------
    InputError
        They differ in length, are no whole numbers, or one ends before it starts.
    """
    start, end = np.asarray(decision_ns), np.asarray(end_ns)
    whole = all(not a.size or a.dtype.kind in "iu" for a in (start, end))
    if start.ndim != 1 or start.shape != end.shape or not whole:
        raise InputError(
            f"Label intervals must be two columns of whole ns of one length, were "
            f"{start.dtype} {start.shape} and {end.dtype} {end.shape}.",
            way_out="Leave out rows without a label first.",
            column="end_ns",
        )
    wrong = end < start
    if wrong.any():
        row = int(wrong.argmax())
        raise InputError(
            f"A label must end after its decision, but {end[row]} < {start[row]}.",
            way_out="Check which column is the decision and which the end.",
            column="end_ns",
            row=row,
        )
    return start.astype(np.int64), end.astype(np.int64)


def _uniqueness(start: Times, end: Times) -> Floats:
    """Uniqueness of the labels of one instrument."""
    edges, place = np.unique(np.concatenate([start, end]), return_inverse=True)
    first, last = place[: len(start)], place[len(start) :]
    step = np.zeros(len(edges))
    np.add.at(step, first, 1.0)
    np.add.at(step, last, -1.0)
    covering = np.maximum(np.cumsum(step)[:-1], 1.0)
    # Integral of 1 / c over time, at each edge.
    area = np.concatenate([[0.0], np.cumsum(np.diff(edges) / covering)])
    length = (end - start).astype(np.float64)
    mean = (area[last] - area[first]) / np.maximum(length, 1.0)
    return np.where(length > 0, mean, 1.0)


def uniqueness(
    decision_ns: ArrayLike, end_ns: ArrayLike, instrument: ArrayLike | None = None
) -> Floats:
    """Mean of ``1 / c(t)`` over each label's interval.

    Parameters
    ----------
    decision_ns, end_ns : array_like of int, shape (n,)
        Label intervals, ns UTC, in any order.
    instrument : array_like of shape (n,), optional
        Only labels of one instrument overlap; one for all where absent. Instruments
        that move together make fewer rows than this tells: leave it out to count all
        labels of one time as one.

    Returns
    -------
    ndarray of shape (n,)
        Above 0, at most 1; 1 for a label of no length.

    Raises
    ------
    InputError
        An interval is none.

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, chapter 4.
    """
    start, end = intervals(decision_ns, end_ns)
    found = np.ones(start.shape)
    if instrument is None:
        return _uniqueness(start, end) if len(start) else found
    names, code = np.unique(np.asarray(instrument), return_inverse=True)
    for k in range(len(names)):
        rows = np.flatnonzero(code == k)
        found[rows] = _uniqueness(start[rows], end[rows])
    return found


def rows_spanned(decision_ns: ArrayLike, end_ns: ArrayLike) -> int:
    """Rows that one label spans on average, at least 1: mean length of a block.

    Parameters
    ----------
    decision_ns, end_ns : array_like of int, shape (n,)
        Label intervals, ns UTC.
    """
    start, end = intervals(decision_ns, end_ns)
    if not len(start):
        return 1
    begun = np.searchsorted(np.sort(start), end, side="left")
    before = np.searchsorted(np.sort(start), start, side="left")
    return max(1, round(float((begun - before).mean())))


def meets_any(
    start: Times, end: Times, other_start: Times, other_end: Times
) -> NDArray[np.bool_]:
    """Tell which closed intervals meet one of the others.

    Of the others, those that begin by the end of an interval, less those that end
    before it starts, are the ones that it meets.

    Parameters
    ----------
    start, end : ndarray of shape (n,)
        Intervals that are asked about, ns UTC.
    other_start, other_end : ndarray of shape (n_others,)
        Intervals that they may meet.
    """
    begun = np.searchsorted(np.sort(other_start), end, side="right")
    over = np.searchsorted(np.sort(other_end), start, side="left")
    return np.asarray(begun > over, dtype=np.bool_)
