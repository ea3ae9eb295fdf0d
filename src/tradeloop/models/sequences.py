"""Rows that each carry the rows before them, gathered only when they are needed.

Half a million rows of 250 columns and 50 steps would be 25 GB; the rows themselves are
half a gigabyte. So a sequence is the numbers of its rows, and a batch of sequences
becomes an array when a model asks for it.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.errors import InputError
from tradeloop.models.base import Ints

ABSENT = -1
"""Place of a step before the first row of its group; its values are NaN."""
_AXES = ("rows", "steps", "columns")


@dataclass(frozen=True, slots=True, eq=False)
class Sequences:
    """Sequences of feature rows; the last step of each is the row itself.

    Parameters
    ----------
    values : ndarray of shape (n_source_rows, n_columns)
        Feature rows; NaN means missing.
    places : ndarray of int64 of shape (n_rows, n_steps)
        Source row of each step, the oldest first; `ABSENT` where there is none.
    """

    values: NDArray[np.floating]
    places: Ints

    def __post_init__(self) -> None:
        flat = self.values.ndim == len(("rows", "columns"))
        if not flat or self.places.ndim != len(("rows", "steps")):
            raise InputError(
                "Sequences need values of shape (n_source_rows, n_columns) and places "
                f"of (n_rows, n_steps), had {self.values.shape} and "
                f"{self.places.shape}.",
                way_out="Take the places from places_of.",
            )
        if self.places.size and not (
            self.places.min() >= ABSENT and self.places.max() < len(self.values)
        ):
            raise InputError(
                f"A step must name one of {len(self.values)} rows or {ABSENT}, was "
                f"{self.places.min()} to {self.places.max()}.",
                way_out="Take the places from places_of.",
            )

    @classmethod
    def of(cls, given: ArrayLike) -> Self:
        """Return the sequences of an array of shape (n_rows, n_steps, n_columns)."""
        found = np.asarray(given)
        if found.ndim != len(_AXES):
            raise InputError(
                f"Sequences must have the shape (n_rows, n_steps, n_columns), had "
                f"{found.shape}.",
                way_out="Pass the steps of each row, the oldest first.",
            )
        rows, steps, columns = found.shape
        places = np.arange(rows * steps, dtype=np.int64).reshape(rows, steps)
        return cls(found.reshape(rows * steps, columns), places)

    def __len__(self) -> int:
        return len(self.places)

    @property
    def steps(self) -> int:
        """Length of each sequence."""
        return int(self.places.shape[1])

    @property
    def shape(self) -> tuple[int, int, int]:
        """(n_rows, n_steps, n_columns)."""
        return len(self), self.steps, int(self.values.shape[1])

    def take(self, rows: ArrayLike) -> Self:
        """Return some of the sequences; the values are shared, not copied."""
        chosen = np.asarray(rows)
        if not chosen.size:
            chosen = chosen.astype(np.int64)
        return type(self)(self.values, self.places[chosen])

    def last(self) -> NDArray[np.floating]:
        """Return the row of each sequence itself, of shape (n_rows, n_columns)."""
        return self._at(self.places[:, -1])

    def gather(self, rows: ArrayLike | None = None) -> NDArray[np.floating]:
        """Return sequences as an array of shape (n_rows, n_steps, n_columns)."""
        return self._at(self.places if rows is None else self.places[np.asarray(rows)])

    def _at(self, places: Ints) -> NDArray[np.floating]:
        found = np.take(self.values, np.maximum(places, 0), axis=0)
        found[places == ABSENT] = np.nan
        return found


def places_of(group: ArrayLike, time_ns: ArrayLike, steps: int) -> Ints:
    """Name the rows before each row of the same group, and the row itself.

    Parameters
    ----------
    group : array of shape (n_rows,)
        Such as the instrument.
    time_ns : array of int64 of shape (n_rows,)
        When each row was known, ns UTC. Rows of one time stand in their given order,
        so that a row never sees one that was not yet there.
    steps : int
        Length of each sequence, at least 1.

    Returns
    -------
    ndarray of int64 of shape (n_rows, steps)
        Numbers of the rows, the oldest first; `ABSENT` before the first of the group.

    Raises
    ------
    InputError
        Fewer than one step, or another number of groups than of times.
    """
    names, times = np.asarray(group), np.asarray(time_ns, dtype=np.int64)
    if steps < 1 or names.shape != times.shape or times.ndim != 1:
        raise InputError(
            "Sequences need at least one step, and one group and time per row; had "
            f"{steps}, {names.shape} and {times.shape}.",
            way_out="Pass the instrument and the decision time of every row.",
        )
    number = np.unique(names, return_inverse=True)[1]
    order = np.lexsort((np.arange(len(times)), times, number))
    rank = np.empty(len(times), dtype=np.int64)
    rank[order] = np.arange(len(times))
    sorted_numbers = number[order]
    first = np.searchsorted(sorted_numbers, number, side="left")
    wanted = rank[:, None] + np.arange(1 - steps, 1)
    places = order[np.maximum(wanted, 0)]
    return np.where(wanted >= first[:, None], places, ABSENT).astype(np.int64)
