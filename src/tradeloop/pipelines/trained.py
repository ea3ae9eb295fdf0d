"""What walking forward over a dataset gave, beside what the dataset is."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tradeloop.datasets import Dataset, Fitted
from tradeloop.models import (
    Columns,
    Evaluation,
    Recipe,
    WalkForward,
    evaluate,
    evaluate_by,
    rows_per_block,
)
from tradeloop.models.base import Given
from tradeloop.models.evaluation import Slices
from tradeloop.models.sequences import Sequences
from tradeloop.pipelines.realised_rows import parts_of, realised_of
from tradeloop.pipelines.rules import ModelRule

Floats = NDArray[np.float64]
_SLICE_REPEATS = 300
MIN_EDGE = ModelRule().min_edge
"""Edge from which a row counts as traded in an evaluation."""


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
    recipe : Recipe, optional
        How each fold was fitted.
    past : Sequences, optional
        The rows with the bars before them, where a model looks at several.
    decision_ns : ndarray of int64 of shape (n_rows,), optional
        When each row was decided, ns UTC.
    slices : Slices, optional
        The forecasts by regime, symbol and year.
    """

    columns: Columns
    features: Floats
    direction: NDArray[np.int64]
    walk: WalkForward
    evaluation: Evaluation
    recipe: Recipe | None = None
    past: Sequences | None = None
    decision_ns: NDArray[np.int64] | None = None
    slices: Slices | None = None

    def given(self, rows: NDArray[np.int64]) -> Given:
        """Return inputs of some rows as the models take them: rows, or sequences."""
        return self.features[rows] if self.past is None else self.past.take(rows)

    @property
    def fitted(self) -> tuple[Fitted, ...]:
        """Which rows each part was fitted on, for the leak certificate."""
        return tuple(
            Fitted(f"{part.part} of fold {part.fold}", part.fold, part.rows)
            for part in self.walk.fitted_rows
        )


def sliced(trained: Trained, dataset: Dataset, seed: int) -> Trained:
    """Judge the forecasts by regime, symbol and year, too."""
    walk = trained.walk
    slices = evaluate_by(
        walk.probabilities,
        walk.no_skill,
        trained.direction,
        (dataset.decision_ns, dataset.end_ns),
        parts_of(dataset),
        seed=seed,
        repeats=_SLICE_REPEATS,
    )
    return replace(trained, slices=slices)


def judged(
    dataset: Dataset,
    given: tuple[Columns, Floats],
    direction: NDArray[np.int64],
    walk: WalkForward,
    recipe: Recipe,
    seed: int,
    past: Sequences | None = None,
) -> Trained:
    """Put a walk over a dataset beside its baselines.

    Parameters
    ----------
    dataset : Dataset
        Rows.
    given : (Columns, ndarray of shape (n_rows, n_columns))
        What `inputs` gave.
    direction : ndarray of int of shape (n_rows,)
        What came.
    walk : WalkForward
        Models and forecasts.
    recipe : Recipe
        How they were fitted.
    seed : int
        Of the bootstrap.
    past : Sequences, optional
        What the models were given, where one looks at several rows.
    """
    columns, features = given
    tested = walk.tested
    block = rows_per_block(dataset.decision_ns[tested], dataset.end_ns[tested])
    evaluation = evaluate(
        walk.probabilities,
        walk.no_skill,
        direction,
        block_rows=block,
        seed=seed,
        realised=realised_of(dataset, MIN_EDGE),
    )
    return Trained(
        columns,
        features,
        np.asarray(direction, np.int64),
        walk,
        evaluation,
        recipe,
        past if recipe.steps > 1 else None,
        dataset.decision_ns,
    )


def figures_of(evaluation: Evaluation) -> dict[str, float]:
    """Return the figures of an evaluation by name, each with its interval."""
    own = evaluation.model
    told = {
        "accuracy": own.accuracy,
        "accuracy_majority": evaluation.majority.accuracy,
        "balanced_accuracy": own.balanced_accuracy,
        "direction_accuracy": own.direction_accuracy,
        "log_loss": own.log_loss,
        "log_loss_no_skill": evaluation.no_skill.log_loss,
        "log_loss_gain": evaluation.log_loss_gain,
        "brier": own.brier,
        "calibration_error": own.calibration_error,
        "mcc": own.mcc,
        "auc": own.auc,
        "ic": own.ic,
        "rank_ic": own.rank_ic,
        "net_bps": own.net_bps,
        "traded_share": own.traded_share,
    }
    found: dict[str, float] = {}
    for name, interval in told.items():
        if interval is not None:
            found |= {
                name: interval.value,
                f"{name}_low": interval.low,
                f"{name}_high": interval.high,
            }
    return found
