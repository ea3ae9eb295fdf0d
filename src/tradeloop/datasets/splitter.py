"""What every splitter keeps: its protocol, and the refusal of weak folds."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from numpy.typing import ArrayLike

from tradeloop.datasets.intervals import Split
from tradeloop.errors import InputError


class Splitter(Protocol):
    """What cuts rows into training and test rows."""

    def split(self, decision_ns: ArrayLike, end_ns: ArrayLike) -> Iterator[Split]:
        """Yield the positions of the training rows and of the test rows, per fold."""

    def count(self) -> int:
        """Count the folds."""

    def as_mapping(self) -> Mapping[str, Any]:
        """Name and parameters, as they go into a dataset's version."""


def require(*, holds: bool, rule: str, way_out: str) -> None:
    """Raise an `InputError` unless the rule holds."""
    if not holds:
        raise InputError(rule, way_out=way_out)


def checked(splits: list[Split], *, purged: list[int], least: int) -> Iterator[Split]:
    """Refuse folds with too few rows; the whole list is known before the first fold.

    Parameters
    ----------
    splits : list of (train, test)
        Folds after the purge.
    purged : list of int
        Rows that the purge took from each fold.
    least : int
        Fewest training rows and test rows of a fold.

    Raises
    ------
    InputError
        A fold keeps fewer rows.
    """
    for fold, (train, test) in enumerate(splits):
        for name, rows in (("training", train), ("test", test)):
            require(
                holds=rows.size >= least,
                rule=f"Fold {fold} of {len(splits)} keeps {rows.size} {name} rows "
                f"({purged[fold]} purged), fewer than min_rows = {least}.",
                way_out="Use fewer folds, a shorter horizon or embargo, or more data.",
            )
    return iter(splits)
