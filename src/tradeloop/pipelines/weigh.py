"""Which features carried a model, and which say nothing new: recorded, not applied."""

from typing import Any

import numpy as np

from tradeloop.datasets import Dataset
from tradeloop.datasets.selection import select
from tradeloop.models import rows_per_block
from tradeloop.models.importance import Resampling, column_importance
from tradeloop.pipelines.rules import ModelRule
from tradeloop.pipelines.train import Trained


def weigh(dataset: Dataset, trained: Trained, rule: ModelRule) -> dict[str, Any]:
    """Judge the features of a dataset by the models that learned from it.

    Parameters
    ----------
    dataset : Dataset
        Its rows.
    trained : Trained
        Models of its folds.
    rule : ModelRule
        Seed.

    Returns
    -------
    dict
        feature_selection_criteria: what would be kept, judged on the first fold's
        training rows alone, so that no later row decides; and ``importance``, the mean
        size of Shapley values on test rows with its interval. The models are trained
        on all features: ``applied`` is false.
    """
    rows = np.zeros(dataset.sample_count, bool)
    rows[trained.walk.models[0].model_rows] = True
    chosen = select(
        trained.features[:, : len(dataset.feature_names)],
        dataset.feature_names,
        trained.direction,
        rows,
        instruments=dataset.decision_context["instrument"].to_numpy(),
    )
    tested = trained.walk.tested
    block = rows_per_block(dataset.decision_ns[tested], dataset.end_ns[tested])
    drawn = Resampling(rule.seed, block_rows=block)
    everything = np.arange(dataset.sample_count)
    found = column_importance(
        trained.walk, trained.given(everything), trained.direction, drawn
    )
    return {
        **chosen.as_criteria(),
        "applied": False,
        "importance": found.as_mapping(),
    }
