"""Splits in time, purged by label intervals.

1. Rows are put in the order of their decisions; equal times stay together.
2. A splitter names the training candidates and the test rows of each fold.
3. `purge` drops each candidate whose label interval meets a test interval.
4. A fold that keeps too few rows is an error, never a silently weak model.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.clock import NS_PER_HOUR
from tradeloop.datasets.intervals import Split, Times, label_intervals, purge
from tradeloop.datasets.purged_blocks import CombinatorialPurged, PurgedKFold
from tradeloop.datasets.splitter import Splitter, checked, require


def _cuts(ordered: Times, shares: NDArray[np.float64]) -> Times:
    """Take the times at these shares of the rows; equal times fall on one side."""
    places = np.minimum(
        np.rint(shares * ordered.size).astype(np.int64), ordered.size - 1
    )
    return ordered[np.minimum(places, ordered.size - 1)]


def _forward(
    times: tuple[Times, Times], cuts: list[int], *, window_ns: int | None, gap_ns: int
) -> tuple[list[Split], list[int]]:
    """Train before each cut, test from it to the next."""
    start, end = times
    splits, purged = [], []
    for begin, stop in pairwise(cuts):
        first = -1 if window_ns is None else begin - window_ns
        train = np.flatnonzero((start < begin) & (start >= first))
        test = np.flatnonzero((start >= begin) & (start < stop))
        kept = purge(start, end, (train, test), before_ns=gap_ns)
        splits.append((kept, test))
        purged.append(train.size - kept.size)
    return splits, purged


@dataclass(frozen=True, slots=True)
class PurgedWalkForward:
    """Train on the past, test on what comes next, move on.

    The rows after the first ``min_train_share`` are cut into ``folds`` test blocks of
    about equal size. Fold k trains on what was decided before its block, all of it
    (expanding) or the last ``window_ns`` (rolling).

    Parameters
    ----------
    folds : int
        Test blocks, at least 1 and at most 127.
    embargo_ns : int
        A training label must be known at least this long before the block begins.
        Training never lies after the test here, so the embargo stands before it.
    min_train_share : float
        Share of the rows, above 0 and below 1, that only train.
    window_ns : int, optional
        Length of a rolling training window; None lets it expand.
    min_rows : int
        Fewest training rows and test rows of a fold.
    """

    folds: int = 5
    embargo_ns: int = 0
    min_train_share: float = 0.3
    window_ns: int | None = None
    min_rows: int = 30

    def __post_init__(self) -> None:
        require(
            holds=1 <= self.folds <= np.iinfo(np.int8).max,
            rule=f"PurgedWalkForward.folds must be 1 to 127, was {self.folds}.",
            way_out="Five are usual.",
        )
        require(
            holds=0 < self.min_train_share < 1,
            rule="PurgedWalkForward.min_train_share must lie between 0 and 1, was "
            f"{self.min_train_share}.",
            way_out="Give a share of the rows, such as 0.3.",
        )
        rolls = self.window_ns is None or self.window_ns > 0
        require(
            holds=self.embargo_ns >= 0 and rolls,
            rule="PurgedWalkForward needs embargo_ns >= 0 and window_ns > 0, were "
            f"{self.embargo_ns} and {self.window_ns}.",
            way_out=f"Give ns; an hour is {NS_PER_HOUR}.",
        )

    def count(self) -> int:
        """Count the folds."""
        return self.folds

    def as_mapping(self) -> dict[str, Any]:
        """Name and parameters."""
        return {"splitter": "purged_walk_forward", **asdict(self)}

    def split(self, decision_ns: ArrayLike, end_ns: ArrayLike) -> Iterator[Split]:
        """Yield training and test rows, oldest test block first.

        Parameters
        ----------
        decision_ns, end_ns : array-like of int, shape (n_rows,)
            Label intervals, ns UTC, in any order.

        Returns
        -------
        iterator of (train, test)
            Positions, ascending, each an ndarray of int64.

        Raises
        ------
        InputError
            A fold keeps fewer than ``min_rows`` training or test rows.
        """
        start, end = label_intervals(decision_ns, end_ns)
        if start.size == 0:
            empty = np.empty(0, np.int64)
            return checked([(empty, empty)], purged=[0], least=max(self.min_rows, 1))
        shares = np.linspace(self.min_train_share, 1.0, self.folds + 1)[:-1]
        ordered = np.sort(start, kind="stable")
        cuts = [*_cuts(ordered, shares).tolist(), int(ordered[-1]) + 1]
        splits, purged = _forward(
            (start, end), cuts, window_ns=self.window_ns, gap_ns=self.embargo_ns
        )
        return checked(splits, purged=purged, least=self.min_rows)


@dataclass(frozen=True, slots=True)
class HoldOut:
    """Train on the first rows, test on the last ones: one fold.

    Parameters
    ----------
    test_share : float
        Share of the rows, above 0 and below 1, that test.
    embargo_ns : int
        A training label must be known at least this long before the test begins.
    min_rows : int
        Fewest training rows and test rows.
    """

    test_share: float = 0.2
    embargo_ns: int = 0
    min_rows: int = 30

    def __post_init__(self) -> None:
        self._walk()

    def _walk(self) -> PurgedWalkForward:
        return PurgedWalkForward(
            folds=1,
            embargo_ns=self.embargo_ns,
            min_train_share=1 - self.test_share,
            min_rows=self.min_rows,
        )

    def count(self) -> int:
        """Count the folds: one."""
        return 1

    def as_mapping(self) -> dict[str, Any]:
        """Name and parameters."""
        return {"splitter": "hold_out", **asdict(self)}

    def split(self, decision_ns: ArrayLike, end_ns: ArrayLike) -> Iterator[Split]:
        """Yield one pair of training and test rows; see `PurgedWalkForward.split`."""
        return self._walk().split(decision_ns, end_ns)


ALL: tuple[type[Splitter], ...] = (
    CombinatorialPurged,
    HoldOut,
    PurgedKFold,
    PurgedWalkForward,
)
