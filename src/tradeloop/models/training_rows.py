"""Rows as a model learns from them: checked once, the same way for every model."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.errors import ArtefactError, InputError
from tradeloop.models.base import CLASSES, Columns, Fitted, Floats, Given, Held, Ints
from tradeloop.models.matrix import (
    as_float32,
    checked_weight,
    class_numbers,
    refuse_unlearnable,
)

_Holds = Callable[[float], bool]
_Kind = TypeVar("_Kind", bound=Fitted)


@dataclass(frozen=True, slots=True, eq=False)
class TrainingRows:
    """Rows of a weight above 0; those of weight 0 are left out, as if absent.

    Parameters
    ----------
    values : ndarray of float32 of shape (n_rows, n_columns)
        Features; NaN means missing.
    classes : ndarray of int64 of shape (n_rows,)
        Class numbers 0, 1, 2.
    weight : ndarray of shape (n_rows,)
        Above 0, of mean 1.
    columns : Columns
        Names and bank.
    """

    values: NDArray[np.float32]
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
    ) -> Self:
        """Check what ``fit`` was given; of sequences the last step is taken.

        Raises
        ------
        InputError
            Wrong shapes, infinities, a direction that is none, a class without rows or
            no column that varies.
        """
        rows = cls._read(features, direction, weight, columns)
        refuse_unlearnable(rows.values, rows.classes)
        return rows

    @classmethod
    def held(cls, held: Held, columns: Columns) -> Self:
        """Check rows that were held back; a class may be missing among them.

        Raises
        ------
        InputError
            No rows, another width, or what `of` refuses of single values.
        """
        rows = cls._read(held.features, held.direction, held.weight, columns)
        if not len(rows.classes):
            raise InputError(
                "Training cannot be stopped by held rows if there are none.",
                way_out="Hold some rows back, or pass held=None.",
                source="held",
            )
        return rows

    @classmethod
    def _read(
        cls,
        features: Given,
        direction: ArrayLike,
        weight: ArrayLike | None,
        columns: Columns | None,
    ) -> Self:
        values = as_float32(features, columns)
        classes = class_numbers(direction, len(values))
        columns = columns or Columns.unnamed(values.shape[1])
        if not len(classes):
            return cls(values, classes, np.ones(0), columns)
        checked = checked_weight(weight, len(values))
        kept = checked > 0
        if not kept.all():
            values, classes, checked = values[kept], classes[kept], checked[kept]
        return cls(values, classes, checked, columns)

    @property
    def counts(self) -> Ints:
        """Rows of each class, of shape (3,)."""
        return np.bincount(self.classes, minlength=len(CLASSES))


def same_start(
    start: Fitted | None, kind: type[_Kind], columns: Columns
) -> _Kind | None:
    """Return ``start`` where a model of this kind and these columns can go on from it.

    Raises
    ------
    InputError
        Another kind of model, or other columns.
    """
    if start is None:
        return None
    if not isinstance(start, kind):
        raise InputError(
            f"A {kind.name} goes on from a fitted {kind.name} only, was "
            f"{getattr(start, 'name', type(start).__name__)}.",
            way_out="Pass a start of the same kind, or none.",
            source="start",
        )
    try:
        start.columns.refuse_other(columns)
    except ArtefactError as error:
        raise InputError(
            f"The start has other columns. {error}",
            way_out="Pass a start that was fitted on these columns, or none.",
            source="start",
        ) from error
    return start


def refuse_start(start: Fitted | None, name: str, why: str) -> None:
    """Raise if there is a ``start``: this kind cannot go on from one.

    Raises
    ------
    InputError
        Always where there is one.
    """
    if start is not None:
        raise InputError(
            f"A {name} cannot go on from a fitted model: {why}.",
            way_out="Fit it anew on all rows, without a start.",
            source="start",
        )


def refuse_out_of_range(
    model: object,
    *,
    counts: tuple[str, ...] = (),
    shares: tuple[str, ...] = (),
    positive: tuple[str, ...] = (),
    zero_or_more: tuple[str, ...] = (),
) -> None:
    """Raise for the first parameter of a model that is outside its range.

    Parameters
    ----------
    model : object
        The model; its class names it.
    counts, shares, positive, zero_or_more : tuple of str
        Parameters of at least 1; above 0 and at most 1; above 0; at least 0.

    Raises
    ------
    InputError
        Naming the parameter, the rule and the value; a value that is not finite too.
    """
    rules: tuple[tuple[tuple[str, ...], str, _Holds], ...] = (
        (counts, "at least 1", lambda value: value >= 1),
        (shares, "above 0 and at most 1", lambda value: 0 < value <= 1),
        (positive, "finite and above 0", lambda value: 0 < value < np.inf),
        (zero_or_more, "at least 0", lambda value: 0 <= value < np.inf),
    )
    for names, rule, holds in rules:
        for name in names:
            value = getattr(model, name)
            if not holds(value):
                raise InputError(
                    f"{type(model).__name__}.{name} must be {rule}, was {value}.",
                    way_out="Correct the parameter.",
                )
