"""Walk-forward training: each fold knows only rows that ended before its test.

1. The splitter names training and test rows; it has purged what overlaps the test.
2. A model with its calibration is fitted on the training rows (`calibrated.py`).
3. The base rates of these rows are the no-skill forecast of the fold.
4. The test rows get calibrated probabilities; rows that no fold tests keep NaN.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.errors import InputError
from tradeloop.models.base import CLASSES, Columns, Floats, Ints
from tradeloop.models.calibrated import CalibratedModel, Recipe, fit_rows, labelled

UNTESTED = -1
"""Fold id of a row that no fold tests."""


class Splitter(Protocol):
    """What cuts rows into training and test rows."""

    def split(self, decision_ns: Ints, end_ns: Ints) -> Iterator[tuple[Ints, Ints]]:
        """Yield sorted training and test row numbers, one pair per fold."""


@dataclass(frozen=True, slots=True, eq=False)
class FittedRows:
    """Which rows something was fitted on: evidence for the leak certificate.

    Parameters
    ----------
    fold : int
        Fold, from 0.
    part : str
        ``model``, ``calibration`` or ``base_rates``.
    rows : ndarray of int64
        Row numbers, sorted.
    """

    fold: int
    part: str
    rows: Ints


@dataclass(frozen=True, slots=True, eq=False)
class WalkForward:
    """What walking forward over the folds gave.

    Parameters
    ----------
    models : tuple of CalibratedModel
        One per fold.
    probabilities : ndarray of shape (n_rows, 3)
        Calibrated and out of sample; NaN where no fold tests the row.
    no_skill : ndarray of shape (n_rows, 3)
        Base rates of the fold that tests the row; NaN where none does.
    fold : ndarray of int8 of shape (n_rows,)
        Fold that tests the row, -1 where none does.
    """

    models: tuple[CalibratedModel, ...]
    probabilities: Floats
    no_skill: Floats
    fold: NDArray[np.int8]

    @property
    def tested(self) -> NDArray[np.bool_]:
        """Whether some fold tests the row, of shape (n_rows,)."""
        return np.asarray(self.fold != UNTESTED)

    @property
    def fitted_rows(self) -> tuple[FittedRows, ...]:
        """Which rows each part of each fold was fitted on."""
        return tuple(
            FittedRows(fold, part, rows)
            for fold, model in enumerate(self.models)
            for part, rows in (
                ("model", model.model_rows),
                ("calibration", model.calibration_rows),
                (
                    "base_rates",
                    np.union1d(model.model_rows, model.calibration_rows),
                ),
            )
        )


def walk_forward(
    features: ArrayLike,
    direction: ArrayLike,
    decision_ns: ArrayLike,
    end_ns: ArrayLike,
    splitter: Splitter,
    *,
    recipe: Recipe | None = None,
    columns: Columns | None = None,
    weight: ArrayLike | None = None,
) -> WalkForward:
    """Fit each fold and predict the rows it has not seen.

    Parameters
    ----------
    features : array of shape (n_rows, n_columns)
        What was known at the decision; NaN means missing.
    direction : array of int of shape (n_rows,)
        -1, 0 or +1. Only labelled rows belong here.
    decision_ns, end_ns : array of int64 of shape (n_rows,)
        When the row was decided and when its label was known, ns UTC.
    splitter : Splitter
        Cuts the rows, purging by label interval.
    recipe : Recipe, optional
        How a fold is fitted; XGBoost with its defaults if absent.
    columns : Columns, optional
        Names and bank of the columns.
    weight : array of shape (n_rows,), optional
        Weight of each row in fitting; never in the base rates.

    Raises
    ------
    InputError
        Wrong shapes, a label that ends before its decision, no fold, a row that is
        trained on and tested, a row that two folds test; or, naming the fold, too few
        rows, a class without rows, constant features.
    """
    rows = labelled(features, direction, decision_ns, end_ns, columns, weight)
    recipe = recipe or Recipe()
    probabilities = np.full((len(rows.classes), len(CLASSES)), np.nan)
    no_skill = probabilities.copy()
    fold_of = np.full(len(rows.classes), UNTESTED, dtype=np.int8)
    models: list[CalibratedModel] = []
    for fold, (train, test) in enumerate(splitter.split(rows.decision_ns, rows.end_ns)):
        _refuse_overlap(fold, train, test, fold_of)
        model = fit_rows(rows, train, recipe, f"fold {fold}")
        probabilities[test] = model.predict_proba(rows.features[test], rows.columns)
        no_skill[test], fold_of[test] = model.base_rates, fold
        models.append(model)
    if not models:
        raise InputError(
            f"The splitter gave no fold for {len(rows.classes)} rows.",
            way_out="Take more rows or fewer folds.",
        )
    return WalkForward(tuple(models), probabilities, no_skill, fold_of)


def _refuse_overlap(
    fold: int, train: Ints, test: Ints, fold_of: NDArray[np.int8]
) -> None:
    both = np.intersect1d(train, test)
    again = test[fold_of[test] != UNTESTED]
    if len(both) or len(again):
        what = f"trains on and tests row {both[0]}" if len(both) else ""
        what = what or f"tests row {again[0]}, which an earlier fold tests"
        raise InputError(
            f"The splitter's fold {fold} {what}.",
            way_out="Use a splitter that tests each row once, outside its training.",
        )
