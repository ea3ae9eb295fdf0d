"""A model per fold, each from rows that had ended before its test; the last is served.

What is learned is the direction of the instrument's own return over the primary
horizon, in three classes: down, flat, up. The side of the decision is an input, not
the label, so that one model speaks for buys and sells alike.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.datasets import Dataset, Splitter
from tradeloop.errors import InputError
from tradeloop.models import Boosting, Columns, Recipe, Sequences, walk_forward
from tradeloop.pipelines.histories import histories
from tradeloop.pipelines.package import package
from tradeloop.pipelines.rules import ModelRule
from tradeloop.pipelines.trained import Trained, judged

__all__ = [
    "Trained",
    "columns_of",
    "inputs",
    "matrix_of",
    "package",
    "strategies_of",
    "train",
]

_OWN = ("side", "signal_strength", "confidence_score", "risk_score", "position_size")
Floats = NDArray[np.float64]
_LEAST_ROWS = 20  # of either part of a fold: below it a calibration is noise


def inputs(
    dataset: Dataset, fingerprint: str, *, own: bool = True
) -> tuple[Columns, Floats]:
    """Features and the decision's own figures, side by side.

    Parameters
    ----------
    dataset : Dataset
        Rows.
    fingerprint : str
        Fingerprint of the feature bank.
    own : bool
        False: features alone, so that the model can answer every bar, not only
        decisions.

    Returns
    -------
    Columns
        Features, then ``decision_*`` figures, then one 0/1 column per strategy.
    ndarray of shape (n_rows, n_columns)
    """
    if not own:
        return Columns(tuple(dataset.feature_names), fingerprint), dataset.X
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
    recipe: Recipe | None = None,
    bars: pl.DataFrame | None = None,
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
    recipe : Recipe, optional
        How a fold is fitted; gradient boosting by the rule if absent.
    bars : polars.DataFrame, optional
        Features of all bars, where the recipe has models that look at several rows.

    Raises
    ------
    InputError
        A fold has too few rows, or one class only; or such a model has no bars.
    """
    columns, features = inputs(dataset, fingerprint)
    direction = dataset.outcome_labels[f"direction_{horizon}"].to_numpy()
    recipe = recipe or Recipe(model=estimator_of(rule), min_rows=_LEAST_ROWS)
    past = past_of(dataset, features, bars, recipe.steps)
    walk = walk_forward(
        features if past is None else past,
        direction,
        dataset.decision_ns,
        dataset.end_ns,
        splitter,
        recipe=recipe,
        columns=columns,
    )
    given = columns, features
    return judged(dataset, given, direction, walk, recipe, rule.seed, past)


def past_of(
    dataset: Dataset, rows: Floats, bars: pl.DataFrame | None, steps: int
) -> Sequences | None:
    """Put the bars before each decision in front of its row, as `histories` does.

    Parameters
    ----------
    dataset : Dataset
        Decisions.
    rows : ndarray of shape (n_rows, n_columns)
        What `inputs` gave.
    bars : polars.DataFrame, optional
        Features of all bars.
    steps : int
        Longest sequence that a model looks at; 1: none is needed.

    Raises
    ------
    InputError
        A model looks at several rows, and there are no bars.
    """
    if steps <= 1:
        return None
    if bars is None:
        raise InputError(
            f"A model looks at {steps} rows, and the features of the bars before the "
            "decisions are not at hand.",
            way_out="Train on a dataset that can be verified, or without that model.",
            source="features",
        )
    decided = dataset.decision_context.select("instrument").with_columns(
        at_ns=pl.Series(dataset.decision_ns)
    )
    return histories(bars, decided, rows, list(dataset.feature_names), steps)


def estimator_of(rule: ModelRule) -> Boosting:
    """Return the gradient boosting of a rule."""
    return Boosting(
        n_estimators=rule.trees,
        max_depth=rule.depth,
        learning_rate=rule.learning_rate,
        subsample=rule.subsample,
        colsample_bytree=rule.colsample,
        random_state=rule.seed,
    )
