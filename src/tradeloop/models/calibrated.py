"""A model with its calibration, fitted on rows that are cut in time.

1. Trees learn on the first part of the rows, the calibration on the rest.
2. Rows of the first part whose label ends at or after the cut are dropped: their
   outcome would be known to both.
3. The base rates of both parts are what the calibration falls back to.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.errors import InputError
from tradeloop.models.base import CLASSES, Columns, Fitted, Floats, Ints, Model
from tradeloop.models.boosting import Boosting
from tradeloop.models.calibration import RIDGE, Calibration, fit_calibration
from tradeloop.models.matrix import (
    as_float32,
    checked_weight,
    class_numbers,
    class_shares,
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a fold is fitted.

    Parameters
    ----------
    model : Model
        Estimator with its parameters.
    fit_share : float
        Share of the training rows, by time, that the estimator learns on; the
        calibration takes the rest. Between 0 and 1.
    min_rows : int
        Least rows of either part, after purging.
    ridge : float
        See `tradeloop.models.calibration.fit_calibration`.

    Raises
    ------
    InputError
        A figure is outside its range.
    """

    model: Model = field(default_factory=Boosting)
    fit_share: float = 0.8
    min_rows: int = 30
    ridge: float = RIDGE

    def __post_init__(self) -> None:
        if not (0 < self.fit_share < 1 and self.min_rows >= 1 and self.ridge > 0):
            raise InputError(
                "Recipe needs 0 < fit_share < 1, min_rows >= 1 and ridge > 0, was "
                f"{self.fit_share}, {self.min_rows}, {self.ridge}.",
                way_out="Correct the figure.",
            )


@dataclass(frozen=True, slots=True, eq=False)
class CalibratedModel:
    """A fitted model with its calibration and the rows of both.

    Parameters
    ----------
    fitted : Fitted
        The estimator.
    calibration : Calibration
        Its calibration.
    base_rates : ndarray of shape (3,)
        Shares of the classes in the rows of both parts.
    model_rows, calibration_rows : ndarray of int64
        Sorted row numbers.
    """

    fitted: Fitted
    calibration: Calibration
    base_rates: Floats
    model_rows: Ints
    calibration_rows: Ints

    def predict_proba(
        self, features: ArrayLike, columns: Columns | None = None
    ) -> Floats:
        """Calibrated probability of each class, of shape (n_rows, 3)."""
        return self.calibration.apply(self.fitted.predict_proba(features, columns))


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Training rows, checked by `labelled`.

    Parameters
    ----------
    features : ndarray of float32 of shape (n_rows, n_columns)
        What was known at the decision; NaN means missing.
    classes : ndarray of shape (n_rows,)
        Class numbers, 0 to 2.
    decision_ns, end_ns : ndarray of shape (n_rows,)
        When each row was decided and its label known, ns UTC.
    weight : ndarray of shape (n_rows,)
        Weights of the mean 1.
    columns : Columns
        Names and bank of the columns.
    """

    features: NDArray[np.float32]
    classes: Ints
    decision_ns: Ints
    end_ns: Ints
    weight: Floats
    columns: Columns


def fit_calibrated(
    features: ArrayLike,
    direction: ArrayLike,
    decision_ns: ArrayLike,
    end_ns: ArrayLike,
    *,
    recipe: Recipe | None = None,
    columns: Columns | None = None,
    weight: ArrayLike | None = None,
) -> CalibratedModel:
    """Fit one model on all rows, cut in time as a fold is: the model to be served.

    Parameters and errors are those of `tradeloop.models.training.walk_forward`, without
    a splitter.
    """
    rows = labelled(features, direction, decision_ns, end_ns, columns, weight)
    everything = np.arange(len(rows.classes))
    return fit_rows(rows, everything, recipe or Recipe(), "all rows")


def cut_in_time(
    decision_ns: Ints, end_ns: Ints, rows: Ints, share: float
) -> tuple[Ints, Ints]:
    """Cut rows in time so that no label of the first part reaches into the second.

    Parameters
    ----------
    decision_ns, end_ns : ndarray of int64 of shape (n_all_rows,)
        Decision and end of each label.
    rows : ndarray of int64
        Rows to cut.
    share : float
        Share of the rows that are decided before the cut, as near as ties allow: rows
        decided at one instant stay together.

    Returns
    -------
    first : ndarray of int64
        Rows whose label ended before the first decision of ``second``; sorted.
    second : ndarray of int64
        Rows decided at or after the cut; sorted.
    """
    if not len(rows):
        return rows, rows
    decided = np.sort(decision_ns[rows])
    cut_ns = decided[min(int(share * len(rows)), len(rows) - 1)]
    late = decision_ns[rows] >= cut_ns
    known = end_ns[rows] < cut_ns
    return np.sort(rows[~late & known]), np.sort(rows[late])


def labelled(
    features: ArrayLike,
    direction: ArrayLike,
    decision_ns: ArrayLike,
    end_ns: ArrayLike,
    columns: Columns | None,
    weight: ArrayLike | None,
) -> Labelled:
    """Check training rows; parameters and errors are those of `walk_forward`."""
    values = as_float32(features, columns)
    decided = np.asarray(decision_ns, dtype=np.int64)
    ended = np.asarray(end_ns, dtype=np.int64)
    if decided.shape != (len(values),) or ended.shape != (len(values),):
        raise InputError(
            f"decision_ns and end_ns must have the shape ({len(values)},), had "
            f"{decided.shape} and {ended.shape}.",
            way_out="Pass both times of every row.",
        )
    if (ended < decided).any():
        row = int(np.argmax(ended < decided))
        raise InputError(
            f"A label must not end before its decision at {decided[row]}, ended at "
            f"{ended[row]}.",
            way_out="Pass the time at which the label was known.",
            column="end_ns",
            row=row,
        )
    return Labelled(
        features=values,
        classes=class_numbers(direction, len(values)),
        decision_ns=decided,
        end_ns=ended,
        weight=checked_weight(weight, len(values)),
        columns=columns or Columns.unnamed(values.shape[1]),
    )


def fit_rows(
    rows: Labelled, train: Ints, recipe: Recipe, source: str
) -> CalibratedModel:
    """Fit on the rows ``train``, cut in time.

    Parameters
    ----------
    rows : Labelled
        All rows.
    train : ndarray of int64
        Row numbers that may be learned from.
    recipe : Recipe
        How to fit.
    source : str
        Name of these rows in errors, such as ``fold 0``.

    Raises
    ------
    InputError
        Too few rows, a class without rows, or constant features.
    """
    train = np.asarray(train, dtype=np.int64)
    first, second = cut_in_time(rows.decision_ns, rows.end_ns, train, recipe.fit_share)
    if min(len(first), len(second)) < recipe.min_rows:
        raise InputError(
            f"Of {len(train)} training rows {len(first)} are left to fit and "
            f"{len(second)} to calibrate; {recipe.min_rows} each are needed.",
            way_out="Take more rows, fewer folds or a shorter horizon.",
            source=source,
        )
    try:
        fitted = recipe.model.fit(
            rows.features[first],
            rows.classes[first] + CLASSES[0],
            rows.weight[first],
            columns=rows.columns,
        )
    except InputError as error:
        raise InputError(
            error.message, way_out=error.way_out, source=source, column=error.column
        ) from error
    base_rates = class_shares(rows.classes[np.union1d(first, second)])
    calibration = fit_calibration(
        fitted.predict_proba(rows.features[second], rows.columns),
        rows.classes[second] + CLASSES[0],
        rows.weight[second],
        base_rates=base_rates,
        ridge=recipe.ridge,
    )
    return CalibratedModel(fitted, calibration, base_rates, first, second)
