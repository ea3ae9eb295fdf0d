"""The files of a model that was trained, compared with the original before."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeloop.models import (
    CalibratedModel,
    Meta,
    Recipe,
    export_onnx,
    write_artefact,
)
from tradeloop.models.meta import input_ranges
from tradeloop.models.onnx_export import export_members
from tradeloop.models.recipe import plain
from tradeloop.models.vote import Vote
from tradeloop.pipelines.rules import ModelRule
from tradeloop.pipelines.trained import Trained


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
    about = About(name, horizon_ns, dataset_version, rule.seed)
    rows = np.flatnonzero(trained.walk.fold == fold)
    return packed(trained, model, rows, about)(version)


@dataclass(frozen=True, slots=True)
class About:
    """What the files of a model say of it, beside what it says itself.

    Parameters
    ----------
    name : str
        In the registry.
    horizon_ns : int
        How far ahead it forecasts.
    dataset_version : str
        Dataset that it was fitted on.
    seed : int
        Of the fit.
    parent : str
        Version that it goes on from; empty: none.
    parameters : mapping
        Of the estimator; those of the recipe where empty.
    metrics : mapping of str to float
        Figures of its evaluation.
    """

    name: str
    horizon_ns: int
    dataset_version: str
    seed: int
    parent: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)


def packed(
    trained: Trained, model: CalibratedModel, rows: NDArray[np.int64], about: About
) -> Callable[[str], dict[str, bytes]]:
    """Export a model, compared with the original on rows that it was not fitted on.

    Parameters
    ----------
    trained : Trained
        Whose inputs the rows are.
    model : CalibratedModel
        The model, or the vote.
    rows : ndarray of int64
        Rows to compare on.
    about : About
        What its files say of it.

    Returns
    -------
    callable
        From a version to the files; exported is once, whatever the version.

    Raises
    ------
    ArtefactError
        ONNX and original of a member differ by more than 1e-6.
    """
    given = model.inner(trained.given(rows))
    fitted = model.fitted
    if isinstance(fitted, Vote):
        exports = export_members(fitted, given)
    else:
        exports = (export_onnx(fitted, given),)
    learned = np.union1d(model.model_rows, model.held_rows)
    period = None
    if trained.decision_ns is not None:
        # What calibrates it is known to it, too.
        times = trained.decision_ns[np.union1d(learned, model.calibration_rows)]
        period = int(times.min()), int(times.max())
    meta = Meta(
        name=about.name,
        version="",
        columns=model.columns,
        horizon_ns=about.horizon_ns,
        dataset_version=about.dataset_version,
        seed=about.seed,
        parameters=about.parameters or _parameters(trained.recipe),
        base_rates=tuple(float(rate) for rate in model.base_rates),
        importance=_importance(model),
        parity=max(export.parity for export in exports),
        parent=about.parent,
        input_ranges=input_ranges(trained.features[learned], model.columns),
        training_rows=len(learned),
        training_period_ns=period,
        metrics=about.metrics,
    )

    def files(version: str) -> dict[str, bytes]:
        return write_artefact(
            fitted,
            model.calibration,
            exports,
            replace(meta, version=version),
            conformal=model.conformal,
            preparation=model.preparation,
        )

    return files


def _parameters(recipe: Recipe | None) -> dict[str, Any]:
    """Parameters of the single estimator, or of each member by its name."""
    voters = () if recipe is None else recipe.voters
    named = {model.name: plain(model.get_params()) for model, _ in voters}
    return next(iter(named.values())) if len(named) == 1 else dict(named)


def _importance(model: CalibratedModel) -> dict[str, float]:
    """Share of each column of the model; one that it does not see has none."""
    told = model.fitted.importance()
    return {name: float(told.get(name, 0.0)) for name in model.columns.names}
