"""Rows as a network learns from them, checked once."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.errors import InputError
from tradeloop.models.base import Columns, Floats, Given, Held, Ints
from tradeloop.models.matrix import (
    as_float32,
    as_sequences,
    checked_weight,
    class_numbers,
    refuse_unlearnable,
)
from tradeloop.models.sequences import ABSENT, Sequences


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows of a weight above 0.

    Parameters
    ----------
    sequences : Sequences
        Features of float32; NaN means missing.
    classes : ndarray of int64 of shape (n_rows, n_horizons)
        Class numbers.
    weight : ndarray of shape (n_rows, n_horizons)
        At least 0; some horizon of each row above it.
    columns : Columns
        Names and bank.
    """

    sequences: Sequences
    classes: Ints
    weight: Floats
    columns: Columns

    @classmethod
    def of(
        cls,
        features: Given,
        direction: ArrayLike,
        weight: ArrayLike | None,
        columns: Columns | None,
        *,
        steps: int,
    ) -> Self:
        """Check what ``fit`` was given.

        Parameters
        ----------
        features : array or Sequences
            See `sequences_of`.
        direction : array of int of shape (n_rows,) or (n_rows, n_horizons)
            -1, 0 or +1.
        weight : array of shape (n_rows,) or (n_rows, n_horizons), optional
            Weights; a horizon of weight 0 of a row is not learned from.
        columns : Columns, optional
            Names and bank.
        steps : int
            Steps of the model.

        Raises
        ------
        InputError
            Wrong shapes, an infinite value, or a value that is no direction.
        """
        sequences = sequences_of(features, columns, steps)
        given = np.asarray(direction)
        tall = given.reshape(-1, 1) if given.ndim <= 1 else given
        if tall.ndim != len(("rows", "horizons")) or not tall.shape[1]:
            raise InputError(
                "Directions must have the shape (n_rows,) or (n_rows, n_horizons), had "
                f"{given.shape}.",
                way_out="Pass one direction per row and horizon.",
            )
        classes = np.column_stack(
            [class_numbers(column, len(sequences)) for column in tall.T]
        )
        rows = cls(
            sequences,
            classes,
            _weights(weight, classes.shape),
            columns or Columns.unnamed(sequences.shape[2]),
        )
        return rows._kept()

    def _kept(self) -> Self:
        kept = (self.weight > 0).any(axis=1)
        if kept.all():
            return self
        return replace(
            self,
            sequences=_compact(self.sequences.take(np.flatnonzero(kept))),
            classes=self.classes[kept],
            weight=self.weight[kept],
        )

    @property
    def horizons(self) -> int:
        """Directions of each row."""
        return int(self.classes.shape[1])

    def refuse_unlearnable(self) -> None:
        """Raise unless every horizon has every class and some column varies."""
        last = narrow(self.sequences.last())
        for at in range(self.horizons):
            counted = self.weight[:, at] > 0
            rows = last if counted.all() else last[counted]
            refuse_unlearnable(rows, self.classes[counted, at])


def held_rows(held: Held, columns: Columns, *, steps: int, horizons: int) -> Rows:
    """Check rows that were held back.

    Raises
    ------
    InputError
        No rows, another number of horizons, or what `Rows.of` refuses.
    """
    rows = Rows.of(held.features, held.direction, held.weight, columns, steps=steps)
    if not len(rows.classes) or rows.horizons != horizons:
        raise InputError(
            f"Held rows must be some, with {horizons} directions each, had the shape "
            f"{rows.classes.shape}.",
            way_out="Hold some rows back with the horizons of training, or none.",
            source="held",
        )
    return rows


def sequences_of(features: Given, columns: Columns | None, steps: int) -> Sequences:
    """Check features; the model of one step takes the last step of sequences.

    Only the source rows that some step names are kept, for a few sequences of many
    source rows cost no more than themselves.
    """
    if steps > 1:
        given = features if isinstance(features, Sequences) else Sequences.of(features)
        if given.steps > steps:
            given = Sequences(given.values, given.places[:, -steps:])
        return as_sequences(_compact(given), columns, steps=steps)
    values = as_float32(features, columns)
    return Sequences(values, np.arange(len(values), dtype=np.int64)[:, None])


def _compact(given: Sequences) -> Sequences:
    used = np.zeros(len(given.values), np.bool_)
    used[given.places[given.places != ABSENT]] = True
    if used.all():
        return given
    number = np.append(np.cumsum(used) - 1, ABSENT)  # the place -1 is the last
    return Sequences(given.values[used], number[given.places])


def _weights(weight: ArrayLike | None, shape: tuple[int, ...]) -> Floats:
    if weight is None:
        return np.ones(shape)
    given = np.asarray(weight, np.float64)
    if given.shape == shape:
        return checked_weight(given.ravel(), given.size).reshape(shape)
    each = checked_weight(given, shape[0])
    return np.repeat(each[:, None], shape[1], axis=1)


def narrow(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the values as float32; no copy where they are."""
    return np.asarray(values, np.float32)
