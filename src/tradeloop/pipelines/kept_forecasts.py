"""The forecasts that a version was judged by when it was trained, decision by decision.

Each was made by the fold that had not seen the decision. They are kept as rows beside
the evaluation; so that the gate need not train the model again.
"""

import io

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.events import Principal
from tradeloop.models.base import Floats
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import EvaluationRecord, StoredModel

ROWS = "rows.parquet"
KEY, FOLD = "decision_id", "fold"
CHANCES = ("p_down", "p_flat", "p_up")
NO_FIGURES = (KEY, FOLD, *CHANCES)
"""Columns of the rows that say what was forecast, not how good it was."""


def forecast_rows(
    ids: pl.Series, losses: Floats, fold: NDArray[np.int8], chances: Floats
) -> pl.DataFrame:
    """Lay out what is kept of each tested decision.

    Parameters
    ----------
    ids : polars.Series of length n_rows
        The decisions.
    losses : ndarray of shape (n_rows,)
        Log loss of each, nats.
    fold : ndarray of int8 of shape (n_rows,)
        Place of the fold that tests it.
    chances : ndarray of shape (n_rows, 3)
        Calibrated probabilities of down, flat and up.
    """
    told = {name: chances[:, k] for k, name in enumerate(CHANCES)}
    return pl.DataFrame({KEY: ids, "log_loss": losses, FOLD: fold, **told})


def kept_rows(
    workspace: Workspace, model: StoredModel
) -> tuple[pl.DataFrame, EvaluationRecord] | None:
    """Rows of the newest evaluation that has some, with it; None where none has."""
    owner = Principal(model.principal.tenant, workspace.principal.name)
    for judged in workspace.catalog.models.evaluations(model):
        name, _, version = judged.rows_location.partition("/")
        if version:
            stored = workspace.artefacts.load(owner, name, version)
            return pl.read_parquet(io.BytesIO(stored.files[ROWS])), judged
    return None


def forecasts_of(workspace: Workspace, model: StoredModel) -> pl.DataFrame | None:
    """Return decision, fold and probabilities; None where they were not kept."""
    found = kept_rows(workspace, model)
    if found is None or not set(NO_FIGURES) <= set(found[0].columns):
        return None
    return found[0].select(NO_FIGURES)
