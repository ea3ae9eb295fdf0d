"""Gradient-boosted trees by XGBoost: softmax over three directions.

The booster knows its columns by number only (``f0``, ``f1``...), because the ONNX
converter reads them so; the names travel in `Columns`.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from tradeloop.errors import ArtefactError, InputError, MissingExtraError
from tradeloop.models.base import CLASSES, Columns, Floats
from tradeloop.models.matrix import (
    as_float32,
    checked_weight,
    class_numbers,
    refuse_unlearnable,
)

_LEAST_BINS = 2


def _xgboost() -> Any:
    try:
        import xgboost  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("xgboost", "models") from error
    return xgboost


@dataclass(frozen=True)
class FittedBoosting:
    """Fitted trees.

    Parameters
    ----------
    content : bytes
        The booster in XGBoost's UBJSON format.
    columns : Columns
        Columns that it was fitted on.
    n_jobs : int
        Threads of native prediction; the result does not depend on it.
    """

    content: bytes
    columns: Columns
    n_jobs: int = field(default=1, compare=False)

    @cached_property
    def booster(self) -> Any:
        """The `xgboost.Booster`, loaded at the first use."""
        xgboost = _xgboost()
        try:
            booster = xgboost.Booster({"nthread": self.n_jobs})
            booster.load_model(bytearray(self.content))
            objective = json.loads(booster.save_config())["learner"]["objective"]
        except xgboost.core.XGBoostError as error:
            raise ArtefactError(
                "The bytes are no XGBoost model in UBJSON format. Train again."
            ) from error
        width, kind = booster.num_features(), objective["name"]
        if width != len(self.columns.names) or kind != "multi:softprob":
            raise ArtefactError(
                f"The booster has {width} columns and the objective {kind}; asked for "
                f"were {len(self.columns.names)} and multi:softprob. Train again."
            )
        return booster

    def predict_proba(
        self, features: ArrayLike, columns: Columns | None = None
    ) -> Floats:
        """Probability of each class; see `tradeloop.models.base.Fitted`.

        Parameters
        ----------
        features : array of shape (n_rows, n_columns)
            NaN means missing; infinities are refused.
        columns : Columns, optional
            Refused if they are not those of the model.

        Returns
        -------
        ndarray of shape (n_rows, 3)
        """
        if columns is not None:
            self.columns.refuse_other(columns)
        narrow = as_float32(features, self.columns)
        if not len(narrow):
            return np.empty((0, len(CLASSES)))
        found = self.booster.inplace_predict(narrow, validate_features=False)
        return np.asarray(found, dtype=np.float64)

    def to_bytes(self) -> bytes:
        """Return the booster in UBJSON."""
        return self.content

    def importance(self) -> Mapping[str, float]:
        """Share of the total gain that the splits on each column brought.

        Total gain, not the mean over splits: a column with one lucky split would lead
        by the mean. Columns that no tree splits on have 0.
        """
        gain = self.booster.get_score(importance_type="total_gain")
        found = [
            float(gain.get(f"f{at}", 0.0)) for at in range(len(self.columns.names))
        ]
        whole = sum(found) or 1.0
        return {
            name: value / whole
            for name, value in zip(self.columns.names, found, strict=True)
        }


@dataclass(frozen=True, slots=True)
class Boosting:
    """XGBoost with the objective multi:softprob; parameters as in scikit-learn.

    The same rows, parameters and seed give the same bytes, whatever ``n_jobs`` is.

    Parameters
    ----------
    n_estimators : int
        Rounds; each grows one tree per class.
    max_depth : int
        Splits from root to leaf, at most.
    learning_rate : float
        Share of each tree that is added, above 0 and up to 1.
    subsample : float
        Share of the rows that each tree sees, above 0 and up to 1.
    colsample_bytree : float
        Share of the columns that each tree sees, above 0 and up to 1.
    max_bin : int
        Thresholds that are tried per column, at least 2. On 6,000 rows of 50 columns 64
        take a third of the time of XGBoost's own 256.
    random_state : int
        Seed of both samples.
    n_jobs : int
        Threads.

    Raises
    ------
    InputError
        A parameter is outside its range.

    References
    ----------
    Chen and Guestrin, XGBoost: a scalable tree boosting system, KDD 2016.
    """

    name: ClassVar[str] = "boosting"

    n_estimators: int = 100
    max_depth: int = 6
    learning_rate: float = 0.1
    subsample: float = 0.8
    colsample_bytree: float = 0.8
    max_bin: int = 64
    random_state: int = 42
    n_jobs: int = 1

    def __post_init__(self) -> None:
        for count in ("n_estimators", "max_depth", "n_jobs"):
            if getattr(self, count) < 1:
                self._refuse(count, "at least 1")
        if self.max_bin < _LEAST_BINS:
            self._refuse("max_bin", f"at least {_LEAST_BINS}")
        for share in ("learning_rate", "subsample", "colsample_bytree"):
            if not 0 < getattr(self, share) <= 1:
                self._refuse(share, "above 0 and at most 1")

    def _refuse(self, field: str, rule: str) -> None:
        raise InputError(
            f"Boosting.{field} must be {rule}, was {getattr(self, field)}.",
            way_out="Correct the parameter.",
        )

    def get_params(self) -> Mapping[str, int | float]:
        """Return the parameters by name."""
        return asdict(self)

    def fit(
        self,
        features: ArrayLike,
        direction: ArrayLike,
        weight: ArrayLike | None = None,
        *,
        columns: Columns | None = None,
    ) -> FittedBoosting:
        """Grow the trees; see `tradeloop.models.base.Model`.

        Parameters
        ----------
        features : array of shape (n_rows, n_columns)
            NaN means missing: each split learns to which side it goes.
        direction : array of int of shape (n_rows,)
            -1, 0 or +1; each must occur.
        weight : array of shape (n_rows,), optional
            Weight of each row.
        columns : Columns, optional
            Names and bank of the columns.
        """
        xgboost = _xgboost()
        values = as_float32(features, columns)
        classes = class_numbers(direction, len(values))
        refuse_unlearnable(values, classes)
        rows = xgboost.QuantileDMatrix(
            values,
            label=classes,
            weight=checked_weight(weight, len(values)),
            missing=np.nan,
            max_bin=self.max_bin,
            nthread=self.n_jobs,
        )
        booster = xgboost.train(self._native(), rows, num_boost_round=self.n_estimators)
        return FittedBoosting(
            content=bytes(booster.save_raw("ubj")),
            columns=columns or Columns.unnamed(values.shape[1]),
            n_jobs=self.n_jobs,
        )

    def _native(self) -> dict[str, Any]:
        return {
            "objective": "multi:softprob",
            "num_class": len(CLASSES),
            "tree_method": "hist",
            "max_depth": self.max_depth,
            "learning_rate": self.learning_rate,
            "subsample": self.subsample,
            "colsample_bytree": self.colsample_bytree,
            "max_bin": self.max_bin,
            "seed": self.random_state,
            "nthread": self.n_jobs,
        }

    @classmethod
    def load(cls, content: bytes, columns: Columns) -> FittedBoosting:
        """Return the fitted trees of ``content``.

        Raises
        ------
        ArtefactError
            No XGBoost model in UBJSON, another objective or another width.
        """
        fitted = FittedBoosting(content, columns)
        _ = fitted.booster
        return fitted
