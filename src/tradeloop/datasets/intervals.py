"""Label intervals: which rows may not stand on both sides of a split.

The label of row i depends on prices of the closed interval ``[decision_ns, end_ns]``:
it is decided at the one end and known at the other. A training row whose interval meets
the interval of a test row has seen a part of the test's answer.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.errors import InputError

Times: TypeAlias = NDArray[np.int64]
Rows: TypeAlias = NDArray[np.int64]
Split: TypeAlias = tuple[Rows, Rows]


def _whole(times: ArrayLike) -> NDArray[Any]:
    """Turn times of a calendar into whole ns; what is none of them stays as it is."""
    column = np.asarray(times)
    if column.dtype.kind == "O" and hasattr(times, "dtype"):
        # A data frame's times with a zone: their own conversion gives UTC.
        column = np.asarray(times, dtype="datetime64[ns]")
    if column.dtype.kind == "M" and not np.isnat(column).any():
        column = column.astype("datetime64[ns]").astype(np.int64)
    return column


def label_intervals(decision_ns: ArrayLike, end_ns: ArrayLike) -> tuple[Times, Times]:
    """Check two columns of times and return them as arrays.

    Parameters
    ----------
    decision_ns : array-like of int or datetime, shape (n_rows,)
        Start of each label interval, ns UTC, in any order.
    end_ns : array-like of int or datetime, shape (n_rows,)
        When each label was known, ns UTC; never before its start.

    Returns
    -------
    tuple of two ndarrays of int64, each of shape (n_rows,)

    Raises
    ------
    InputError
        The columns are no whole numbers, differ in length, or a label ends before it
        starts.
    """
    start, end = _whole(decision_ns), _whole(end_ns)
    for name, column in (("decision_ns", start), ("end_ns", end)):
        if column.ndim != 1 or (column.size and column.dtype.kind not in "iu"):
            raise InputError(
                f"Times must be one column of whole ns, was {column.dtype} of shape "
                f"{column.shape}.",
                way_out="Leave out the rows without a label before you split.",
                column=name,
            )
    if start.size != end.size:
        raise InputError(
            f"decision_ns has {start.size} rows and end_ns has {end.size}.",
            way_out="Give one label interval per row.",
        )
    wrong = np.flatnonzero(end < start)
    if wrong.size:
        row = int(wrong[0])
        raise InputError(
            f"A label must end after its decision, but {end[row]} < {start[row]}.",
            way_out="Check which column is the decision and which the label's end.",
            column="end_ns",
            row=row,
        )
    return start.astype(np.int64), end.astype(np.int64)


def meets(
    start: Times, end: Times, other_start: Times, other_end: Times
) -> NDArray[np.bool_]:
    """Tell which closed intervals meet any of the others, exactly, in n log n.

    Parameters
    ----------
    start, end : ndarray of shape (n_rows,)
        Intervals that are asked about.
    other_start, other_end : ndarray of shape (n_others,)
        Intervals that they may meet, in any order, gaps allowed.

    Returns
    -------
    ndarray of bool, shape (n_rows,)
    """
    if other_start.size == 0:
        return np.zeros(start.size, dtype=np.bool_)
    order = np.argsort(other_start, kind="stable")
    # Of all others that begin by the row's end, only the latest end matters.
    latest_end = np.maximum.accumulate(other_end[order])
    begun = np.searchsorted(other_start[order], end, side="right")
    reach = np.where(begun > 0, latest_end[np.maximum(begun, 1) - 1], start - 1)
    met: NDArray[np.bool_] = (begun > 0) & (reach >= start)
    return met


def purge(
    decision_ns: ArrayLike,
    end_ns: ArrayLike,
    split: tuple[ArrayLike, ArrayLike],
    *,
    before_ns: int = 0,
    after_ns: int = 0,
) -> Rows:
    """Return the training rows whose label interval meets no test row's interval.

    Row i of the training rows stays when no test row j has
    ``decision_ns[j] - before_ns <= end_ns[i]`` and
    ``decision_ns[i] <= end_ns[j] + after_ns``. Test rows need not be neighbours: the
    gaps between them stay open for training.

    Parameters
    ----------
    decision_ns, end_ns : array-like of int, shape (n_rows,)
        Label intervals, ns UTC.
    split : tuple of two arrays of int
        Training candidates and test rows, as positions.
    before_ns : int
        Kept free before each test interval.
    after_ns : int
        Embargo: kept free after each test interval, beyond the purge.

    Returns
    -------
    ndarray of int64
        Positions of the training rows that stay, in the order in which they came.

    References
    ----------
    Lopez de Prado, Advances in Financial Machine Learning (2018), chapter 7.
    """
    start, end = label_intervals(decision_ns, end_ns)
    train, test = (np.asarray(rows, dtype=np.int64) for rows in split)
    met = meets(start[train], end[train], start[test] - before_ns, end[test] + after_ns)
    return train[~met & ~np.isin(train, test)]
