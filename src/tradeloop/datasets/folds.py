"""Folds as others use them: scikit-learn's splitter, and one number per row."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.datasets.intervals import Split, label_intervals
from tradeloop.datasets.splits import Splitter, require


class TimedSplits:
    """A splitter with its times: scikit-learn's splitter, for use outside of Tradeloop.

    Pass it as ``cv=`` to ``cross_val_score`` or a search.

    Parameters
    ----------
    splitter : Splitter
        How to cut.
    decision_ns, end_ns : array-like of int, shape (n_rows,)
        Label intervals of the rows of ``X``, ns UTC.
    """

    def __init__(
        self, splitter: Splitter, decision_ns: ArrayLike, end_ns: ArrayLike
    ) -> None:
        self._splitter = splitter
        self._times = label_intervals(decision_ns, end_ns)

    def get_n_splits(
        self,
        X: object = None,  # noqa: ARG002, N803
        y: object = None,  # noqa: ARG002
        groups: object = None,  # noqa: ARG002
    ) -> int:
        """Count the folds; the arguments are scikit-learn's and unused."""
        return self._splitter.count()

    def split(
        self,
        X: Any,  # noqa: N803
        y: object = None,  # noqa: ARG002
        groups: object = None,  # noqa: ARG002
    ) -> Iterator[Split]:
        """Yield training and test rows of ``X``, which must have the times' rows.

        Raises
        ------
        InputError
            ``X`` has another number of rows than the times.
        """
        n_rows = X.shape[0] if hasattr(X, "shape") else len(X)
        require(
            holds=n_rows == self._times[0].size,
            rule=f"X has {n_rows} rows, the label intervals {self._times[0].size}.",
            way_out="Build TimedSplits from the times of these very rows.",
        )
        return self._splitter.split(*self._times)


def fold_of(n_rows: int, splits: Sequence[Split]) -> NDArray[np.int8]:
    """Fold in which each row is tested; -1 for rows that only train.

    Parameters
    ----------
    n_rows : int
        Rows of the dataset.
    splits : sequence of (train, test)
        Folds whose test rows do not overlap.

    Returns
    -------
    ndarray of int8, shape (n_rows,)

    Raises
    ------
    InputError
        A row is tested in two folds, so that one number cannot say where.
    """
    fold = np.full(n_rows, -1, dtype=np.int8)
    for number, (_, test) in enumerate(splits):
        require(
            holds=bool((fold[test] == -1).all()),
            rule="A row is tested in more than one fold; the fold column holds one.",
            way_out="Use PurgedWalkForward or HoldOut for a dataset.",
        )
        fold[test] = number
    return fold
