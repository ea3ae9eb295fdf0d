"""Splits in which training stands on both sides of the test.

They measure how much a result depends on the period, not how a model would have done at
the time: for that there is the walk-forward. What they share: rows are cut into blocks
of time of about equal size, rows of one time stay together, and each row of training
whose label interval meets that of a test row is dropped. The rule is applied interval
by interval, so test blocks that are no neighbours are purged each by itself and the
training rows between them stay.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.datasets.intervals import Split, Times, label_intervals, purge
from tradeloop.datasets.splitter import checked, require

_MOST_SPLITS = 1_000
_LEAST_FOLDS = 2


def _blocks(start: Times, groups: int) -> NDArray[np.int64]:
    """Block of time of each row, 0 to groups - 1; equal times share a block."""
    ordered = np.sort(start, kind="stable")
    first_rows = [rows[:1] for rows in np.array_split(ordered, groups)[1:]]
    return np.searchsorted(np.concatenate(first_rows), start, side="right")


def _split(
    times: tuple[Times, Times],
    block: NDArray[np.int64],
    chosen: Sequence[Sequence[int]],
    embargo_ns: int,
) -> tuple[list[Split], list[int]]:
    """Test the chosen blocks, train on the others that the purge leaves."""
    splits, purged = [], []
    for tested in chosen:
        inside = np.isin(block, tested)
        train, test = np.flatnonzero(~inside), np.flatnonzero(inside)
        kept = purge(*times, (train, test), after_ns=embargo_ns)
        splits.append((kept, test))
        purged.append(train.size - kept.size)
    return splits, purged


@dataclass(frozen=True, slots=True)
class PurgedKFold:
    """Each block of time tests once; all other rows train, purged and embargoed.

    Parameters
    ----------
    folds : int
        Blocks, 2 to 127.
    embargo_ns : int
        Kept free after each test interval, beyond the purge. The purge drops what
        shares prices with the test; the embargo drops what is merely like it, as
        features over long windows are.
    min_rows : int
        Fewest training rows and test rows of a fold.

    References
    ----------
    Lopez de Prado, Advances in Financial Machine Learning (2018), chapter 7.
    """

    folds: int = 5
    embargo_ns: int = 0
    min_rows: int = 30

    def __post_init__(self) -> None:
        require(
            holds=_LEAST_FOLDS <= self.folds <= np.iinfo(np.int8).max
            and self.embargo_ns >= 0,
            rule="PurgedKFold needs folds from 2 to 127 and embargo_ns >= 0, were "
            f"{self.folds} and {self.embargo_ns}.",
            way_out="Five folds are usual.",
        )

    def count(self) -> int:
        """Count the folds."""
        return self.folds

    def as_mapping(self) -> dict[str, Any]:
        """Name and parameters."""
        return {"splitter": "purged_k_fold", **asdict(self)}

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
        times = label_intervals(decision_ns, end_ns)
        block = _blocks(times[0], self.folds)
        chosen = [(k,) for k in range(self.folds)]
        splits, purged = _split(times, block, chosen, self.embargo_ns)
        return checked(splits, purged=purged, least=self.min_rows)


@dataclass(frozen=True, slots=True)
class CombinatorialPurged:
    """Each choice of ``test_groups`` blocks of time tests; all other rows train.

    With N groups and k of them in the test there are C(N, k) folds, and each group is
    tested C(N - 1, k - 1) = (k / N) C(N, k) times: as many back-tests over the whole
    history can be put together from the folds' predictions, see `paths`.

    Parameters
    ----------
    groups : int
        Blocks of about equal size.
    test_groups : int
        Blocks that test together.
    embargo_ns : int
        Kept free after each test interval, beyond the purge.
    min_rows : int
        Fewest training rows and test rows of a fold.

    References
    ----------
    Lopez de Prado, Advances in Financial Machine Learning (2018), chapter 12.
    """

    groups: int = 6
    test_groups: int = 2
    embargo_ns: int = 0
    min_rows: int = 30

    def __post_init__(self) -> None:
        require(
            holds=1 <= self.test_groups < self.groups and self.embargo_ns >= 0,
            rule="CombinatorialPurged needs 1 <= test_groups < groups and embargo_ns "
            f">= 0, were {self.test_groups}, {self.groups} and {self.embargo_ns}.",
            way_out="Six groups with two for the test are usual.",
        )
        require(
            holds=self.count() <= _MOST_SPLITS,
            rule=f"{self.test_groups} test groups out of {self.groups} make "
            f"{self.count()} folds, above {_MOST_SPLITS}; each is a training run.",
            way_out="Use fewer groups.",
        )

    def count(self) -> int:
        """Count the folds: groups choose test_groups."""
        return comb(self.groups, self.test_groups)

    def as_mapping(self) -> dict[str, Any]:
        """Name and parameters."""
        return {"splitter": "combinatorial_purged", **asdict(self)}

    def choices(self) -> tuple[tuple[int, ...], ...]:
        """List the groups that test together, per fold, in the order of the folds."""
        return tuple(combinations(range(self.groups), self.test_groups))

    def paths(self) -> NDArray[np.int64]:
        """Fold that predicts each group on each back-test path.

        The j-th fold that tests a group belongs to path j. So every pair of a fold and
        a group that it tests is used on one path, and each path covers all groups.

        Returns
        -------
        ndarray of int64, shape (n_paths, groups)
            Numbers of folds; n_paths = C(groups - 1, test_groups - 1).
        """
        testing: list[list[int]] = [[] for _ in range(self.groups)]
        for fold, chosen in enumerate(self.choices()):
            for group in chosen:
                testing[group].append(fold)
        return np.array(testing, dtype=np.int64).T

    def group_of(self, decision_ns: ArrayLike) -> NDArray[np.int64]:
        """Group of each row, 0 to groups - 1, for any order of the rows.

        Parameters
        ----------
        decision_ns : array-like of int, shape (n_rows,)
            Decisions, ns UTC.
        """
        return _blocks(label_intervals(decision_ns, decision_ns)[0], self.groups)

    def split(self, decision_ns: ArrayLike, end_ns: ArrayLike) -> Iterator[Split]:
        """Yield training and test rows per choice; see `PurgedKFold.split`."""
        times = label_intervals(decision_ns, end_ns)
        block = _blocks(times[0], self.groups)
        splits, purged = _split(times, block, self.choices(), self.embargo_ns)
        return checked(splits, purged=purged, least=self.min_rows)


def stitch_paths(
    splitter: CombinatorialPurged,
    decision_ns: ArrayLike,
    predictions: Sequence[ArrayLike],
) -> NDArray[np.float64]:
    """Put the folds' predictions out of sample together to back-test paths.

    Parameters
    ----------
    splitter : CombinatorialPurged
        What made the folds.
    decision_ns : array-like of int, shape (n_rows,)
        Decisions, ns UTC, as they were split.
    predictions : sequence of array-like, each of shape (n_test,) or (n_test, n_outputs)
        Per fold, in the order of the folds, one prediction per test row in their order.

    Returns
    -------
    ndarray of float64, shape (n_paths, n_rows) or (n_paths, n_rows, n_outputs)
        Each path predicts each row once, by a model that was not trained on it.

    Raises
    ------
    InputError
        There is not one set of predictions per fold, or not one per test row.
    """
    group = splitter.group_of(decision_ns)
    choices = splitter.choices()
    require(
        holds=len(predictions) == len(choices),
        rule=f"There are {len(choices)} folds and {len(predictions)} predictions.",
        way_out="Give the predictions of each fold, in the order of the folds.",
    )
    made = [np.asarray(each, dtype=np.float64) for each in predictions]
    tests = [np.flatnonzero(np.isin(group, chosen)) for chosen in choices]
    for fold, (each, test) in enumerate(zip(made, tests, strict=True)):
        require(
            holds=each.shape == (test.size, *made[0].shape[1:]),
            rule=f"Fold {fold} tests {test.size} rows, its predictions have the shape "
            f"{each.shape}.",
            way_out="Predict every test row of the fold once, in their order.",
        )
    paths = splitter.paths()
    stitched = np.full((len(paths), group.size, *made[0].shape[1:]), np.nan)
    for path, folds in enumerate(paths):
        for number, fold in enumerate(folds):
            here = group[tests[fold]] == number
            stitched[path, tests[fold][here]] = made[fold][here]
    return stitched
