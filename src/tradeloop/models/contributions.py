"""What each column added to a forecast: Shapley values of the trees."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tradeloop.models.base import CLASSES, Columns, Floats
from tradeloop.models.boosting import FittedBoosting, _xgboost
from tradeloop.models.matrix import as_float32


@dataclass(frozen=True, slots=True, eq=False)
class Contributions:
    """Contributions to the raw logits, before calibration.

    Parameters
    ----------
    columns : Columns
        Columns of the model.
    values : ndarray of shape (n_rows, 3, n_columns)
        What each column added to the logit of each class, in the order of `CLASSES`.
    bias : ndarray of shape (n_rows, 3)
        Logit without any column; bias plus the sum of the values is the logit.
    """

    columns: Columns
    values: Floats
    bias: Floats

    def towards(self, side: int, row: int = 0) -> Floats:
        """Return what each column added to the lead of a direction over its opposite.

        Parameters
        ----------
        side : int
            +1 or -1: the logit of this direction less that of the opposite one; 0: the
            logit of flat.
        row : int
            Row.

        Returns
        -------
        ndarray of shape (n_columns,)
        """
        chosen: Floats = self.values[row, CLASSES.index(side)]
        if side == 0:
            return chosen
        return np.asarray(chosen - self.values[row, CLASSES.index(-side)])

    def top(
        self, side: int, *, count: int = 3, row: int = 0
    ) -> tuple[tuple[str, float], ...]:
        """Columns that spoke most for or against ``side``, largest size first.

        Returns
        -------
        tuple of (name, contribution)
            At most ``count``; columns that added exactly 0 are left out.
        """
        found = self.towards(side, row)
        order = np.argsort(-np.abs(found), kind="stable")[:count]
        return tuple(
            (self.columns.names[at], float(found[at])) for at in order if found[at]
        )


def explain(fitted: FittedBoosting, features: ArrayLike) -> Contributions:
    """Explain rows by the exact Shapley values of the trees.

    Parameters
    ----------
    fitted : FittedBoosting
        The original model; the ONNX model has no such output.
    features : array of shape (n_rows, n_columns)
        NaN means missing; infinities are refused.

    Raises
    ------
    InputError
        Wrong shape, or an infinite value.

    References
    ----------
    Lundberg, Erion and Lee, Consistent individualized feature attribution for tree
    ensembles, 2018.
    """
    narrow = as_float32(features, fitted.columns)
    rows = _xgboost().DMatrix(narrow, missing=np.nan, nthread=fitted.n_jobs)
    found = np.asarray(
        fitted.booster.predict(rows, pred_contribs=True, strict_shape=True),
        dtype=np.float64,
    )
    return Contributions(fitted.columns, found[..., :-1], found[..., -1])
