"""A model per fold, each from rows that had ended before its test; the last is served.

What is learned is the direction of the instrument's own return over the primary
horizon, in three classes: down, flat, up. The side of the decision is an input, not
the label, so that one model speaks for buys and sells alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.datasets import Dataset, Fitted, Splitter
from tradeloop.models import (
    Boosting,
    CalibratedModel,
    Columns,
    Evaluation,
    Meta,
    Recipe,
    WalkForward,
    evaluate,
    export_onnx,
    rows_per_block,
    walk_forward,
    write_artefact,
)
from tradeloop.pipelines.rules import ModelRule

_OWN = ("side", "signal_strength", "confidence_score", "risk_score", "position_size")
Floats = NDArray[np.float64]
_LEAST_ROWS = 20  # of either part of a fold: below it a calibration is noise


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """What walking forward over a dataset gave.

    Parameters
    ----------
    columns : Columns
        Inputs of the models.
    features : ndarray of shape (n_rows, n_columns)
        Values of the inputs, NaN where missing.
    direction : ndarray of int of shape (n_rows,)
        What came.
    walk : WalkForward
        One model per fold, and the forecasts that no training row influenced.
    evaluation : Evaluation
        Those forecasts beside their baselines.
    """

    columns: Columns
    features: Floats
    direction: NDArray[np.int64]
    walk: WalkForward
    evaluation: Evaluation

    @property
    def fitted(self) -> tuple[Fitted, ...]:
        """Which rows each part was fitted on, for the leak certificate."""
        return tuple(
            Fitted(f"{part.part} of fold {part.fold}", part.fold, part.rows)
            for part in self.walk.fitted_rows
        )


def inputs(dataset: Dataset, fingerprint: str) -> tuple[Columns, Floats]:
    """Features and the decision's own figures, side by side.

    Parameters
    ----------
    dataset : Dataset
        Rows.
    fingerprint : str
        Fingerprint of the feature bank.

    Returns
    -------
    Columns
        Features, then ``decision_*`` figures, then one 0/1 column per strategy.
    ndarray of shape (n_rows, n_columns)
    """
    return columns_of(
        dataset.feature_names, strategies_of(dataset), fingerprint
    ), matrix_of(dataset.X, dataset.decision_context, strategies_of(dataset))


def strategies_of(dataset: Dataset) -> tuple[str, ...]:
    """Strategies that made the decisions, in the order of their names."""
    return tuple(sorted(dataset.decision_context["strategy"].unique()))


def columns_of(
    features: Sequence[str], strategies: Sequence[str], fingerprint: str
) -> Columns:
    """Names of the inputs of a model."""
    own = [f"decision_{name}" for name in _OWN]
    names = (*features, *own, *(f"strategy_{name}" for name in strategies))
    return Columns(names, fingerprint)


def matrix_of(
    features: Floats, decisions: pl.DataFrame, strategies: Sequence[str]
) -> Floats:
    """Values of the inputs of a model, of shape (n_rows, n_columns)."""
    own = decisions.select(
        [pl.col(name).cast(pl.Float64) for name in _OWN]
        + [
            (pl.col("strategy") == name).cast(pl.Float64).alias(f"strategy_{name}")
            for name in strategies
        ]
    ).with_columns(pl.all().fill_null(float("nan")))
    return np.hstack([features, own.to_numpy()])


def train(
    dataset: Dataset,
    splitter: Splitter,
    *,
    horizon: str,
    fingerprint: str,
    rule: ModelRule,
) -> Trained:
    """Fit, calibrate and judge.

    Parameters
    ----------
    dataset : Dataset
        Labelled rows, in the order of their decisions.
    splitter : Splitter
        The dataset's own.
    horizon : str
        Primary horizon, such as ``5d``.
    fingerprint : str
        Fingerprint of the feature bank.
    rule : ModelRule
        Size, seed and rates.

    Raises
    ------
    InputError
        A fold has too few rows, or one class only.
    """
    columns, features = inputs(dataset, fingerprint)
    direction = dataset.outcome_labels[f"direction_{horizon}"].to_numpy()
    walk = walk_forward(
        features,
        direction,
        dataset.decision_ns,
        dataset.end_ns,
        splitter,
        recipe=Recipe(model=_estimator(rule), min_rows=_LEAST_ROWS),
        columns=columns,
    )
    tested = walk.tested
    block = rows_per_block(dataset.decision_ns[tested], dataset.end_ns[tested])
    judged = evaluate(
        walk.probabilities, walk.no_skill, direction, block_rows=block, seed=rule.seed
    )
    return Trained(columns, features, np.asarray(direction, np.int64), walk, judged)


def _estimator(rule: ModelRule) -> Boosting:
    return Boosting(
        n_estimators=rule.trees,
        max_depth=rule.depth,
        learning_rate=rule.learning_rate,
        subsample=rule.subsample,
        colsample_bytree=rule.colsample,
        random_state=rule.seed,
    )


def package(
    trained: Trained,
    fold: int,
    *,
    name: str,
    version: str,
    horizon_ns: int,
    dataset_version: str,
    rule: ModelRule,
) -> dict[str, bytes]:
    """Export the model of a fold, compared with the original on that fold's test rows.

    Returns
    -------
    dict of str to bytes
        The files of the artefact.

    Raises
    ------
    ArtefactError
        ONNX and original differ by more than 1e-6.
    """
    model: CalibratedModel = trained.walk.models[fold]
    export = export_onnx(model.fitted, trained.features[trained.walk.fold == fold])
    meta = Meta(
        name=name,
        version=version,
        columns=trained.columns,
        horizon_ns=horizon_ns,
        dataset_version=dataset_version,
        seed=rule.seed,
        parameters=_estimator(rule).get_params(),
        base_rates=tuple(float(rate) for rate in model.base_rates),
        importance=model.fitted.importance(),
        parity=export.parity,
    )
    return write_artefact(model.fitted, model.calibration, export, meta)
