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
from tradeloop.models.base import CLASSES, Columns, Fitted, Floats, Given, Held
from tradeloop.models.graph import INPUT_NAME, OUTPUT_NAME
from tradeloop.models.matrix import as_float32
from tradeloop.models.training_rows import (
    TrainingRows,
    refuse_out_of_range,
    same_start,
)
from tradeloop.models.ubjson import refuse_broken_booster

OPSET = 15
"""ai.onnx opset asked for; the trees themselves need ai.onnx.ml 1 only."""
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

    name: ClassVar[str] = "boosting"
    steps: ClassVar[int] = 1

    content: bytes
    columns: Columns
    n_jobs: int = field(default=1, compare=False)

    @cached_property
    def booster(self) -> Any:
        """The `xgboost.Booster`, checked and loaded at the first use."""
        refuse_broken_booster(self.content)
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

    def predict_proba(self, features: Given, columns: Columns | None = None) -> Floats:
        """Probability of each class; see `tradeloop.models.base.Fitted`.

        Parameters
        ----------
        features : array of shape (n_rows, n_columns), or Sequences
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

    def to_onnx(self) -> bytes:
        """Return the trees for ONNX Runtime; the same booster gives the same bytes.

        Raises
        ------
        ArtefactError
            The converter named its outputs otherwise.
        MissingExtraError
            onnxmltools is not installed.
        """
        try:
            from onnxmltools.convert import convert_xgboost  # noqa: PLC0415
            from onnxmltools.convert.common.data_types import (  # noqa: PLC0415
                FloatTensorType,
            )
        except ImportError as error:
            raise MissingExtraError("onnxmltools", "models") from error
        # A fixed name: the converter's own is a random one, and bytes would differ.
        width = len(self.columns.names)
        model = convert_xgboost(
            self.booster,
            name=type(self).__name__,
            initial_types=[(INPUT_NAME, FloatTensorType([None, width]))],
            target_opset=OPSET,
        )
        outputs = [output.name for output in model.graph.output]
        if OUTPUT_NAME not in outputs:
            raise ArtefactError(
                f"The converter gave the outputs {outputs}, without {OUTPUT_NAME!r}. "
                "Check the version of onnxmltools."
            )
        content: bytes = model.SerializeToString()
        return content

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
    early_stopping_rounds : int
        Where rows are held back: stop after so many rounds in which their log loss did
        not improve, and keep the rounds up to the best one; 0 leaves them unread.
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
    steps: ClassVar[int] = 1

    n_estimators: int = 100
    max_depth: int = 6
    learning_rate: float = 0.1
    subsample: float = 0.8
    colsample_bytree: float = 0.8
    max_bin: int = 64
    early_stopping_rounds: int = 20
    random_state: int = 42
    n_jobs: int = 1

    def __post_init__(self) -> None:
        refuse_out_of_range(
            self,
            counts=("n_estimators", "max_depth", "n_jobs"),
            shares=("learning_rate", "subsample", "colsample_bytree"),
            zero_or_more=("early_stopping_rounds", "random_state"),
        )
        if self.max_bin < _LEAST_BINS:
            raise InputError(
                f"Boosting.max_bin must be at least {_LEAST_BINS}, was {self.max_bin}.",
                way_out="Correct the parameter.",
            )

    def get_params(self) -> Mapping[str, int | float]:
        """Return the parameters by name."""
        return asdict(self)

    def fit(
        self,
        features: Given,
        direction: ArrayLike,
        weight: ArrayLike | None = None,
        *,
        columns: Columns | None = None,
        held: Held | None = None,
        start: Fitted | None = None,
    ) -> FittedBoosting:
        """Grow the trees; see `tradeloop.models.base.Model`.

        Parameters
        ----------
        features : array of shape (n_rows, n_columns), or Sequences
            NaN means missing: each split learns to which side it goes.
        direction : array of int of shape (n_rows,)
            -1, 0 or +1; each must occur.
        weight : array of shape (n_rows,), optional
            Weight of each row.
        columns : Columns, optional
            Names and bank of the columns.
        held : Held, optional
            Rows that decide how many rounds are kept.
        start : FittedBoosting, optional
            Its trees stay, ``n_estimators`` more rounds are grown on the new rows.
        """
        xgboost = _xgboost()
        rows = TrainingRows.of(features, direction, weight, columns)
        first = same_start(start, FittedBoosting, rows.columns)
        matrix = self._matrix(rows)
        stopping: dict[str, Any] = {}
        if held is not None and self.early_stopping_rounds:
            judged = self._matrix(TrainingRows.held(held, rows.columns), matrix)
            stopping = {
                "evals": [(judged, "held")],
                "early_stopping_rounds": self.early_stopping_rounds,
                "verbose_eval": False,
            }
        booster = xgboost.train(
            self._native(),
            matrix,
            num_boost_round=self.n_estimators,
            xgb_model=None if first is None else bytearray(first.content),
            **stopping,
        )
        if stopping:
            booster = booster[: booster.best_iteration + 1]
        return FittedBoosting(
            content=bytes(booster.save_raw("ubj")),
            columns=rows.columns,
            n_jobs=self.n_jobs,
        )

    def _matrix(self, rows: TrainingRows, bins: Any = None) -> Any:
        """Rows in XGBoost's bins; held rows take those of the training rows."""
        return _xgboost().QuantileDMatrix(
            rows.values,
            label=rows.classes,
            weight=rows.weight,
            missing=np.nan,
            max_bin=self.max_bin,
            nthread=self.n_jobs,
            ref=bins,
        )

    def _native(self) -> dict[str, Any]:
        return {
            "objective": "multi:softprob",
            "num_class": len(CLASSES),
            "eval_metric": "mlogloss",
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
