"""Folds as others use them: scikit-learn's splitter, and one number per row."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.datasets.intervals import Split, Times, label_intervals
from tradeloop.datasets.splitter import Splitter, require
from tradeloop.errors import InputError

_ENDS = 2


def _named(x: Any, name: str) -> Any:
    """Take a column of ``X``, or a level of its index, by its name."""
    if name in getattr(x, "columns", ()):
        return x[name]
    levels = getattr(x, "index", None)
    if levels is not None and name in getattr(levels, "names", ()):
        return levels.get_level_values(name)
    raise InputError(
        "X has neither a column nor a level of its index of this name.",
        way_out="Pass a data frame that carries the label intervals, or give the "
        "times themselves.",
        source="X",
        column=name,
    )


class TimedSplits:
    """A splitter as scikit-learn's ``cv``: ``split(X, y, groups)``, ``get_n_splits``.

    For `cross_val_score`, `GridSearchCV` and whatever else takes a ``cv``, outside of
    Tradeloop too; scikit-learn itself is not imported. The label intervals come from
    one of three places:

    1. two arrays, for rows that are always the same;
    2. two names of columns of ``X``, or of levels of its index, so that each part of
       ``X`` brings its own times (a column is also seen by the estimator: drop it in a
       pipeline, or use the index);
    3. ``groups`` of shape (n_rows, 2), when neither is given here.

    Ways 2 and 3 also serve searches within folds, where ``X`` is a part of the rows.

    Parameters
    ----------
    splitter : Splitter
        How to cut.
    decision_ns, end_ns : array-like of int or datetime, shape (n_rows,), or str
        Label intervals of the rows of ``X``, ns UTC, or where they stand in ``X``.
    """

    def __init__(
        self,
        splitter: Splitter,
        decision_ns: ArrayLike | str | None = None,
        end_ns: ArrayLike | str | None = None,
    ) -> None:
        require(
            holds=(decision_ns is None) == (end_ns is None)
            and isinstance(decision_ns, str) == isinstance(end_ns, str),
            rule="TimedSplits needs decision_ns and end_ns of one kind.",
            way_out="Give two arrays, two names, or none of them and groups to split.",
        )
        self._splitter = splitter
        self._names: tuple[str, str] | None = None
        self._times: tuple[Times, Times] | None = None
        if isinstance(decision_ns, str) and isinstance(end_ns, str):
            self._names = (decision_ns, end_ns)
        elif decision_ns is not None and end_ns is not None:
            self._times = label_intervals(decision_ns, end_ns)

    def __repr__(self) -> str:
        """Name the splitter and where its times come from."""
        given = "arrays" if self._times else (self._names or "groups")
        return f"TimedSplits({self._splitter!r}, times from {given})"

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
        groups: ArrayLike | None = None,
    ) -> Iterator[Split]:
        """Yield training and test rows of ``X``.

        Parameters
        ----------
        X : array or data frame of shape (n_rows, n_features)
            Rows to split.
        y : object
            Unused.
        groups : array-like of int, shape (n_rows, 2), optional
            decision_ns and end_ns of each row, where they were not given before.

        Raises
        ------
        InputError
            ``X`` has another number of rows than the times, or there are no times.
        """
        start, end = self._intervals(X, groups)
        n_rows = X.shape[0] if hasattr(X, "shape") else len(X)
        require(
            holds=n_rows == start.size,
            rule=f"X has {n_rows} rows, the label intervals {start.size}.",
            way_out="Build TimedSplits from the times of these very rows, or from "
            "names of columns of X.",
        )
        return self._splitter.split(start, end)

    def _intervals(self, x: Any, groups: ArrayLike | None) -> tuple[Times, Times]:
        """Find the label intervals where they were said to be."""
        if self._times:
            return self._times
        if self._names:
            first, last = (_named(x, name) for name in self._names)
            return label_intervals(first, last)
        spans = np.asarray(groups)
        require(
            holds=spans.ndim == _ENDS and spans.shape[1] == _ENDS,
            rule="TimedSplits without times needs groups of shape (n_rows, 2), was "
            f"{'None' if groups is None else spans.shape}.",
            way_out="Pass groups=numpy.column_stack([decision_ns, end_ns]).",
        )
        return label_intervals(spans[:, 0], spans[:, 1])


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
            way_out="Use PurgedWalkForward, PurgedKFold or HoldOut for a dataset.",
        )
        fold[test] = number
    return fold
