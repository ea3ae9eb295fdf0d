"""Concurrency: how many label intervals hold each moment.

Intervals are closed, ``[decision_ns, end_ns]``. Time is counted in ticks, when the
times that count are given, such as the ends of the bars; else continuously.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.datasets.intervals import Rows, Times, label_intervals
from tradeloop.errors import InputError
from tradeloop.fold import compiled

Float = NDArray[np.float64]


@compiled
def _running(values: Float) -> tuple[Float, Float]:
    """Add up, and keep what rounding took from it.

    A short sum far down a long column is a difference of two large totals; with the
    rounding kept (Knuth's two-sum) it is as exact as a sum of its own.
    """
    total, lost = np.zeros(values.size + 1), np.zeros(values.size + 1)
    for i in range(values.size):
        before, value = total[i], values[i]
        after = before + value
        shown = after - before
        total[i + 1] = after
        lost[i + 1] = lost[i] + ((before - (after - shown)) + (value - shown))
    return total, lost


def sum_between(values: Float, first: Rows, last: Rows) -> Float:
    """Sum ``values[first[i]:last[i]]`` for each i, in n + m steps.

    Parameters
    ----------
    values : ndarray of float64, shape (n_values,)
    first, last : ndarray of int64, shape (m,)

    Returns
    -------
    ndarray of float64, shape (m,)
    """
    total, lost = _running(np.ascontiguousarray(values, dtype=np.float64))
    summed: Float = (total[last] - total[first]) + (lost[last] - lost[first])
    return summed


@dataclass(frozen=True, eq=False, slots=True)
class Pieces:
    """Time cut into pieces over which the concurrency is the same.

    Parameters
    ----------
    size : ndarray of float64, shape (n_pieces,)
        Length of each piece: ns, or 1 per tick.
    first, last : ndarray of int64, shape (n_rows,)
        Row i covers the pieces first[i] to last[i] - 1.
    """

    size: Float
    first: Rows
    last: Rows

    def concurrency(self) -> NDArray[np.int64]:
        """Count the rows that cover each piece."""
        change = np.bincount(self.first, minlength=self.size.size + 1)
        change = change - np.bincount(self.last, minlength=self.size.size + 1)
        return np.cumsum(change)[:-1]

    def mean(self, per_piece: Float) -> Float:
        """Average a figure of the pieces over each row's own, by their size."""
        total = sum_between(per_piece * self.size, self.first, self.last)
        average: Float = total / sum_between(self.size, self.first, self.last)
        return average


def pieces(
    decision_ns: ArrayLike, end_ns: ArrayLike, times_ns: ArrayLike | None = None
) -> Pieces:
    """Cut time into pieces over which the concurrency is the same.

    Parameters
    ----------
    decision_ns, end_ns : array-like of int, shape (n_rows,)
        Label intervals, ns UTC, in any order.
    times_ns : array-like of int, shape (n_times,), optional
        Times that count, in any order; without them time is continuous.

    Raises
    ------
    InputError
        An interval holds none of the times.
    """
    start, end = label_intervals(decision_ns, end_ns)
    if times_ns is None:
        # Closed intervals of whole ns: the ns that begins at the end belongs to them.
        edges = np.unique(np.concatenate([start, end + 1]))
        first, last = np.searchsorted(edges, start), np.searchsorted(edges, end + 1)
        return Pieces(np.diff(edges).astype(np.float64), first, last)
    times: Times = np.unique(label_intervals(times_ns, times_ns)[0])
    first = np.searchsorted(times, start, side="left")
    last = np.searchsorted(times, end, side="right")
    empty = np.flatnonzero(first >= last)
    if empty.size:
        row = int(empty[0])
        raise InputError(
            f"The label from {start[row]} to {end[row]} holds none of the "
            f"{times.size} times.",
            way_out="Give the times of the bars that the labels are made of, or none.",
            source="times_ns",
            row=row,
        )
    return Pieces(np.ones(times.size), first, last)
