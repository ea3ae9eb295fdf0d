"""Gradient-boosted trees by LightGBM: softmax over three directions.

They grow leaf by leaf, where XGBoost's grow level by level. The ONNX model is written
from the trees themselves: at a threshold, which is float64, the public converter takes
the other branch for some float32 values.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, ClassVar

from numpy.typing import ArrayLike

from tradeloop.errors import ArtefactError, InputError, MissingExtraError
from tradeloop.models.base import CLASSES, Columns, Fitted, Floats, Given, Held
from tradeloop.models.exact import softmax, write_softmax
from tradeloop.models.graph import INPUT_NAME, Graph
from tradeloop.models.light_text import trees_of, without_settings
from tradeloop.models.matrix import as_float32
from tradeloop.models.training_rows import (
    TrainingRows,
    refuse_out_of_range,
    same_start,
)
from tradeloop.models.trees import Trees

_LEAST = 2
_QUIET = -1


@dataclass(frozen=True)
class FittedLightBoosting:
    """Fitted trees; to score and to export them LightGBM is not needed.

    Parameters
    ----------
    content : bytes
        The booster in LightGBM's text format, without its settings.
    columns : Columns
        Columns that it was fitted on.
    """

    name: ClassVar[str] = "light_boosting"
    steps: ClassVar[int] = 1

    content: bytes
    columns: Columns

    @cached_property
    def _text(self) -> str:
        try:
            return self.content.decode("ascii")
        except UnicodeDecodeError as error:
            raise ArtefactError(
                "The bytes are no LightGBM model in text format. Train again."
            ) from error

    @cached_property
    def _read(self) -> tuple[Trees, Floats]:
        return trees_of(self._text, len(self.columns.names))

    @property
    def trees(self) -> Trees:
        """The trees as arrays; their sums are the logits.

        Raises
        ------
        ArtefactError
            See `tradeloop.models.light_text.trees_of`.
        """
        return self._read[0]

    def booster(self) -> Any:
        """Return the `lightgbm.Booster`, after the trees have been checked."""
        _ = self.trees
        return _lightgbm().Booster(model_str=self._text)

    def predict_proba(self, features: Given, columns: Columns | None = None) -> Floats:
        """Probability of each class; see `tradeloop.models.base.Fitted`.

        Parameters
        ----------
        features : array of shape (n_rows, n_columns), or Sequences
            NaN means missing; in a column without a missing value among the training
            rows it counts as 0. Infinities are refused.
        columns : Columns, optional
            Refused if they are not those of the model.

        Returns
        -------
        ndarray of shape (n_rows, 3)
            Equal to LightGBM's up to 1e-12.
        """
        if columns is not None:
            self.columns.refuse_other(columns)
        return softmax(self.trees.sums(as_float32(features, self.columns)))

    def to_bytes(self) -> bytes:
        """Return the booster as text."""
        return self.content

    def to_onnx(self) -> bytes:
        """Return the trees for ONNX Runtime; equal trees give equal bytes."""
        graph = Graph(type(self).__name__)
        found = write_softmax(graph, self.trees.write(graph, INPUT_NAME))
        return graph.build(found, columns=len(self.columns.names))

    def importance(self) -> Mapping[str, float]:
        """Share of the total gain that the splits on each column brought."""
        gain = self._read[1]
        whole = float(gain.sum()) or 1.0
        return {
            name: float(value) / whole
            for name, value in zip(self.columns.names, gain, strict=True)
        }


@dataclass(frozen=True, slots=True)
class LightBoosting:
    """LightGBM with the objective multiclass; parameters as in scikit-learn.

    The same rows, parameters and seed give the same bytes, whatever ``n_jobs`` is. It
    needs the extra ``lightgbm``.

    Parameters
    ----------
    n_estimators : int
        Rounds; each grows one tree per class.
    max_depth : int
        Splits from root to leaf, at most.
    num_leaves : int
        Leaves of a tree, at most.
    min_child_samples : int
        Rows that each leaf keeps.
    learning_rate : float
        Share of each tree that is added, above 0 and up to 1.
    subsample : float
        Share of the rows that each tree sees, above 0 and up to 1.
    colsample_bytree : float
        Share of the columns that each tree sees, above 0 and up to 1.
    max_bin : int
        Thresholds that are tried per column, at least 2.
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
    Ke et al., LightGBM: a highly efficient gradient boosting decision tree, 2017.
    """

    name: ClassVar[str] = "light_boosting"
    steps: ClassVar[int] = 1

    n_estimators: int = 100
    max_depth: int = 6
    num_leaves: int = 31
    min_child_samples: int = 20
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
            counts=("n_estimators", "max_depth", "min_child_samples", "n_jobs"),
            shares=("learning_rate", "subsample", "colsample_bytree"),
            zero_or_more=("early_stopping_rounds", "random_state"),
        )
        for name in ("num_leaves", "max_bin"):
            if getattr(self, name) < _LEAST:
                raise InputError(
                    f"LightBoosting.{name} must be at least {_LEAST}, was "
                    f"{getattr(self, name)}.",
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
    ) -> FittedLightBoosting:
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
        start : FittedLightBoosting, optional
            Its trees stay, ``n_estimators`` more rounds are grown on the new rows.
        """
        lightgbm = _lightgbm()
        rows = TrainingRows.of(features, direction, weight, columns)
        self._refuse_few(len(rows.classes))
        first = same_start(start, FittedLightBoosting, rows.columns)
        data = self._dataset(rows)
        judged, stopping = None, []
        if held is not None and self.early_stopping_rounds:
            judged = [self._dataset(TrainingRows.held(held, rows.columns), data)]
            stopping = [
                lightgbm.early_stopping(self.early_stopping_rounds, verbose=False)
            ]
        booster = lightgbm.train(
            self._native(),
            data,
            num_boost_round=self.n_estimators,
            valid_sets=judged,
            init_model=None if first is None else first.booster(),
            callbacks=stopping,
        )
        kept = booster.best_iteration if stopping else None
        text = without_settings(booster.model_to_string(num_iteration=kept))
        return FittedLightBoosting(text.encode("ascii"), rows.columns)

    def _refuse_few(self, n_rows: int) -> None:
        if n_rows < _LEAST * self.min_child_samples:
            raise InputError(
                f"With min_child_samples={self.min_child_samples} a tree needs "
                f"{_LEAST * self.min_child_samples} rows to split, had {n_rows}.",
                way_out="Take more rows, or a smaller min_child_samples.",
            )

    def _dataset(self, rows: TrainingRows, bins: Any = None) -> Any:
        """Rows in LightGBM's bins; held rows take those of the training rows."""
        return _lightgbm().Dataset(
            rows.values,
            label=rows.classes,
            weight=rows.weight,
            reference=bins,
            params=self._native(),
            free_raw_data=False,
        )

    def _native(self) -> dict[str, Any]:
        return {
            "objective": "multiclass",
            "num_class": len(CLASSES),
            "metric": "multi_logloss",
            "max_depth": self.max_depth,
            "num_leaves": self.num_leaves,
            "min_data_in_leaf": self.min_child_samples,
            "learning_rate": self.learning_rate,
            "bagging_fraction": self.subsample,
            "bagging_freq": 1,
            "feature_fraction": self.colsample_bytree,
            "max_bin": self.max_bin,
            "seed": self.random_state,
            "num_threads": self.n_jobs,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": _QUIET,
        }

    @classmethod
    def load(cls, content: bytes, columns: Columns) -> FittedLightBoosting:
        """Return the fitted trees of ``content``.

        Raises
        ------
        ArtefactError
            No LightGBM model as text, another objective or width, or trees that cannot
            be walked.
        """
        fitted = FittedLightBoosting(content, columns)
        _ = fitted.trees
        return fitted


def _lightgbm() -> Any:
    try:
        import lightgbm  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("lightgbm", "lightgbm") from error
    return lightgbm
