"""What each column added to a forecast: exact Shapley values of boosted trees.

`tradeloop.models.shapley` has those of any other model, by sampling.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tradeloop.errors import InputError
from tradeloop.models.base import CLASSES, Columns, Fitted, Floats, Given
from tradeloop.models.boosting import FittedBoosting, _xgboost
from tradeloop.models.light_boosting import FittedLightBoosting
from tradeloop.models.matrix import as_float32
from tradeloop.models.vote import Vote

Scale = Literal["logit", "probability"]


@dataclass(frozen=True, slots=True, eq=False)
class Contributions:
    """Contributions to a forecast before calibration.

    Parameters
    ----------
    columns : Columns
        Columns of the model.
    values : ndarray of shape (n_rows, 3, n_columns)
        What each column added to the logit, or the probability, of each class, in the
        order of `CLASSES`.
    bias : ndarray of shape (n_rows, 3)
        What there is without any column; bias plus the sum of the values is the logit,
        or the probability.
    scale : {"logit", "probability"}
        What the values add up to.
    error : ndarray of shape (n_rows, 3, n_columns) or None
        Standard error of each value; None where they are exact.
    """

    columns: Columns
    values: Floats
    bias: Floats
    scale: Scale = "logit"
    error: Floats | None = None

    @property
    def exact(self) -> bool:
        """Whether they are exact, not sampled."""
        return self.error is None

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


def explain(fitted: Fitted, features: Given) -> Contributions:
    """Explain rows by the exact Shapley values of boosted trees, in logits.

    Of a vote of several such models the values are the weighted mean of the members':
    they explain the weighted mean of the members' logits, not the blended probability.

    Parameters
    ----------
    fitted : Fitted
        The original model; the ONNX model has no such output.
    features : array of shape (n_rows, n_columns), or Sequences
        NaN means missing; infinities are refused.

    Raises
    ------
    InputError
        Wrong shape, an infinite value, or a model that `is_exact` does not know.

    References
    ----------
    Lundberg, Erion and Lee, Consistent individualized feature attribution for tree
    ensembles, 2018.
    """
    if isinstance(fitted, Vote):
        return _of_vote(fitted, features)
    narrow = as_float32(features, fitted.columns)
    width = len(fitted.columns.names) + 1
    if isinstance(fitted, FittedBoosting):
        rows = _xgboost().DMatrix(narrow, missing=np.nan, nthread=fitted.n_jobs)
        told = fitted.booster.predict(rows, pred_contribs=True, strict_shape=True)
    elif isinstance(fitted, FittedLightBoosting):
        told = fitted.booster().predict(narrow, pred_contrib=True)
    else:
        raise InputError(
            f"A {fitted.name} has no exact Shapley values; boosted trees have.",
            way_out="Use explain_vote, which samples them for any model.",
            source="fitted",
        )
    found = np.asarray(told, dtype=np.float64).reshape(len(narrow), len(CLASSES), width)
    return Contributions(fitted.columns, found[..., :-1], found[..., -1])


def is_exact(fitted: Fitted) -> bool:
    """Whether `explain` can explain it: boosted trees, or a vote of nothing else."""
    if isinstance(fitted, Vote):
        return all(is_exact(m.fitted) for m in fitted.members if m.weight > 0)
    return isinstance(fitted, FittedBoosting | FittedLightBoosting)


def _of_vote(vote: Vote, features: Given) -> Contributions:
    asked = [member for member in vote.members if member.weight > 0]
    found = [explain(member.fitted, features) for member in asked]
    shares = np.array([member.weight for member in asked])
    shares = shares / shares.sum()
    return Contributions(
        vote.columns,
        np.tensordot(shares, [each.values for each in found], 1),
        np.tensordot(shares, [each.bias for each in found], 1),
    )
