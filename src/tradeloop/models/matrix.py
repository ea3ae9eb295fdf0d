"""Feature matrices and class numbers as the models take them, checked once.

Features travel as float64. XGBoost and the ONNX tree operator compare in float32, so
the cast happens here and nowhere else: both then see the same bits.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.errors import InputError
from tradeloop.models.base import CLASSES, Columns, Floats, Given, Ints
from tradeloop.models.sequences import Sequences


def as_float32(features: Given, columns: Columns | None = None) -> NDArray[np.float32]:
    """Cast a feature matrix to the float32 that the trees compare, rounding to nearest.

    Parameters
    ----------
    features : array of shape (n_rows, n_columns), or Sequences
        NaN means missing and stays NaN. Of sequences the last step is taken: the row.
    columns : Columns, optional
        The columns that are asked for; their number must be the matrix's.

    Returns
    -------
    ndarray of float32 of shape (n_rows, n_columns), C order
        Never the memory of ``features``, unless that is such an array already.

    Raises
    ------
    InputError
        Not two axes, another width, or a value that is infinite in float32.
    """
    if isinstance(features, Sequences):
        features = features.last()
    values = np.asarray(features)
    width = "n" if columns is None else len(columns.names)
    other_width = columns is not None and values.shape[-1:] != (len(columns.names),)
    if values.ndim != len(("rows", "columns")) or other_width:
        raise InputError(
            f"Features must have the shape (n_rows, {width}), had {values.shape}.",
            way_out="Pass one row per decision, with the columns of the model.",
        )
    with np.errstate(over="ignore"):
        narrow = np.ascontiguousarray(values, dtype=np.float32)
    if np.isinf(narrow).any():
        _refuse_infinite(values, narrow, columns)
    return narrow


def as_sequences(
    features: Given, columns: Columns | None = None, *, steps: int
) -> Sequences:
    """Check sequences for a model of several steps; their values become float32.

    Parameters
    ----------
    features : Sequences, or array of shape (n_rows, n_steps, n_columns)
        NaN means missing and stays NaN.
    columns : Columns, optional
        The columns that are asked for.
    steps : int
        The steps that are asked for; longer sequences lose their oldest ones.

    Raises
    ------
    InputError
        Not three axes, fewer steps, another width, or a value that is infinite in
        float32.
    """
    given = features if isinstance(features, Sequences) else Sequences.of(features)
    if given.steps < steps:
        raise InputError(
            f"The model looks at {steps} rows for one forecast, had {given.steps}.",
            way_out="Pass Sequences with the places of that many steps.",
        )
    return Sequences(as_float32(given.values, columns), given.places[:, -steps:])


def _refuse_infinite(
    values: NDArray[np.generic], narrow: NDArray[np.float32], columns: Columns | None
) -> None:
    row, column = (int(at) for at in np.argwhere(np.isinf(narrow))[0])
    raise InputError(
        f"Features must be finite in float32 or NaN, was {values[row, column]}.",
        way_out="Write a missing value as NaN and leave infinities out.",
        column=str(column) if columns is None else columns.names[column],
        row=row,
    )


def class_numbers(direction: ArrayLike, n_rows: int) -> Ints:
    """Place of each direction in `CLASSES`.

    Parameters
    ----------
    direction : array of int of shape (n_rows,)
        -1, 0 or +1.
    n_rows : int
        Rows of the features beside it.

    Returns
    -------
    ndarray of int64 of shape (n_rows,)
        0, 1 or 2.

    Raises
    ------
    InputError
        Another length, or a value that is no direction.
    """
    values = np.asarray(direction)
    if values.shape != (n_rows,):
        raise InputError(
            f"Directions must have the shape ({n_rows},), had {values.shape}.",
            way_out="Pass one direction per row of the features.",
        )
    strange = ~np.isin(values, CLASSES)
    if strange.any():
        row = int(np.argmax(strange))
        raise InputError(
            f"A direction must be one of {CLASSES}, was {values[row]}.",
            way_out="Leave out rows without a label before training.",
            column="direction",
            row=row,
        )
    return values.astype(np.int64) - CLASSES[0]


def checked_weight(weight: ArrayLike | None, n_rows: int) -> Floats:
    """Weights of shape (n_rows,); those above 0 are scaled to the mean 1.

    A row of weight 0 is as good as absent. Without ``weight`` all are 1.

    Raises
    ------
    InputError
        Another length, a weight that is negative or not finite, or all of them 0.
    """
    if weight is None:
        return np.ones(n_rows)
    values = np.asarray(weight, dtype=np.float64)
    good = values.shape == (n_rows,) and bool(
        (np.isfinite(values) & (values >= 0)).all()
    )
    if not good or values.sum() == 0:
        raise InputError(
            f"Weights must be {n_rows} finite numbers of at least 0, and not all 0.",
            way_out="Pass one weight per row, or none.",
            column="weight",
        )
    return np.asarray(values / values[values > 0].mean())


def refuse_unlearnable(values: NDArray[np.float32], classes: Ints) -> None:
    """Raise unless every class has a row and some column varies.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
        A column varies if two of its rows differ; NaN against a number differs.
    classes : ndarray of shape (n_rows,)
        Class numbers.

    Raises
    ------
    InputError
        No rows, a class without rows, or constant features.
    """
    counts = np.bincount(classes, minlength=len(CLASSES))
    if not counts.all():
        missing = [
            name for name, count in zip(CLASSES, counts, strict=True) if not count
        ]
        raise InputError(
            f"Each direction of {CLASSES} must occur in the {len(classes)} training "
            f"rows; missing: {missing}.",
            way_out="Take more rows, fewer folds or another neutral band.",
            column="direction",
        )
    first = values[:1]
    if not ((values != first) & ~(np.isnan(values) & np.isnan(first))).any():
        raise InputError(
            f"All {values.shape[1]} features are constant over the {len(values)} "
            "training rows, so nothing can be learned.",
            way_out="Check the feature frame, or take a longer period.",
        )


def class_shares(classes: Ints, weight: Floats | None = None) -> Floats:
    """Share of each class; a class without rows counts as half a row, never 0.

    Parameters
    ----------
    classes : ndarray of shape (n_rows,)
        Class numbers.
    weight : ndarray of shape (n_rows,), optional
        Weight of each row.

    Returns
    -------
    ndarray of shape (3,)
        Sums to 1. The exact shares where every class has a row.
    """
    counts = np.bincount(classes, weights=weight, minlength=len(CLASSES))
    counts = np.where(counts > 0, counts, 0.5)
    return np.asarray(counts / counts.sum())
