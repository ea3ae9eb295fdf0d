"""A model of a stored dataset: trained, judged, checked where it is too good, kept.

1. `read_lesson` reads the rows; training itself needs no store.
2. `learned` walks forward by the recipe of ``model_configs.yaml``.
3. Where directions are right more often than skill can explain, the leak checks of the
   dataset are made again, with what was fitted now; a model that passes goes on.
4. `kept` exports the model of the last fold, which knows the most, and registers it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from tradeloop.datasets import Certificate
from tradeloop.errors import InputError
from tradeloop.features import Column
from tradeloop.models import Recipe, walk_forward
from tradeloop.models.kept_folds import FoldStore
from tradeloop.models.pace import Pace
from tradeloop.pipelines.assemble import certify_dataset
from tradeloop.pipelines.gather import graded
from tradeloop.pipelines.kept_forecasts import forecast_rows
from tradeloop.pipelines.lesson import Lesson, made_again
from tradeloop.pipelines.lift import classes_of, log_losses
from tradeloop.pipelines.models_keep import Judgement, KeptModel, keep_model
from tradeloop.pipelines.package import About, packed
from tradeloop.pipelines.train import past_of
from tradeloop.pipelines.trained import Trained, figures_of, judged, sliced
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import TrialRecord


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """A trained model and what became of it.

    Parameters
    ----------
    trained : Trained
        Models and forecasts.
    certificate : Certificate or None
        Leak checks that the alarm set off; None without an alarm.
    model : KeptModel or None
        The registered version; None where a leak was found.
    """

    trained: Trained
    certificate: Certificate | None
    model: KeptModel | None


def learned(
    lesson: Lesson,
    recipe: Recipe,
    *,
    seed: int,
    folds: FoldStore | None = None,
    pace: Pace | None = None,
) -> Trained:
    """Walk forward over a dataset.

    Parameters
    ----------
    lesson : Lesson
        Rows.
    recipe : Recipe
        How a fold is fitted.
    seed : int
        Of the bootstrap.
    folds : FoldStore, optional
        Finished folds.
    pace : Pace, optional
        Hears of each fit.

    Raises
    ------
    InputError
        The dataset is not split, or no fold can be fitted.
    """
    subject = lesson.subject
    if not subject.splitter.count():
        raise InputError(
            f"{subject.dataset_id} is not split: it has too few rows to test on.",
            way_out="Capture more decisions, and build it again.",
            source=subject.dataset_id,
        )
    rows = subject.dataset
    past = past_of(rows, lesson.features, lesson.bars, recipe.steps)
    walk = walk_forward(
        lesson.features if past is None else past,
        lesson.direction,
        rows.decision_ns,
        rows.end_ns,
        subject.splitter,
        recipe=recipe,
        columns=lesson.columns,
        weight=lesson.weight,
        further=lesson.further,
        start=lesson.start,
        kept=folds,
        pace=pace,
    )
    given = lesson.columns, lesson.features
    found = judged(rows, given, lesson.direction, walk, recipe, seed, past)
    return sliced(found, rows, seed)


def certified_again(
    workspace: Workspace, lesson: Lesson, trained: Trained, own: Sequence[Column]
) -> Certificate:
    """Make the leak checks of a dataset again, with what was fitted on it.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    lesson, trained
        The dataset and its models.
    own : sequence of Column
        Features of the user's own that are at hand.

    Raises
    ------
    TradeloopError
        An input of the dataset is no longer there.
    """
    subject = lesson.subject
    again = made_again(workspace, subject, own)
    decisions = again.material.decisions
    return certify_dataset(
        subject.dataset,
        subject.splitter,
        again.market,
        graded(again.material, again.market, again.rules, decisions),
        trained.fitted,
        seed=again.rules.model.seed,
        rules=again.rules,
    )


def kept(  # what is kept, and all that is known of it
    workspace: Workspace,
    lesson: Lesson,
    trained: Trained,
    *,
    name: str,
    seed: int,
    own: Sequence[Column],
    trials: tuple[str, Sequence[TrialRecord]] = ("", ()),
    more: Mapping[str, Any] | None = None,
) -> Kept:
    """Check a model where it is too good, then register that of the last fold.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    lesson, trained
        The dataset and its models.
    name : str
        Of the model in the registry.
    seed : int
        That it was fitted with.
    own : sequence of Column
        Features of the user's own that are at hand.
    trials : (str, sequence of TrialRecord)
        Study, and every trial that led to the model.
    more : mapping, optional
        What else was measured, as JSON.

    Raises
    ------
    ArtefactError
        ONNX and original of a member differ by more than 1e-6.
    """
    certificate = None
    if trained.evaluation.leak_alarm:
        certificate = certified_again(workspace, lesson, trained, own)
        if not certificate.passed:
            return Kept(trained, certificate, None)
    last = len(trained.walk.models) - 1
    metrics = figures(trained)
    about = About(
        name=name,
        horizon_ns=lesson.horizon_ns,
        dataset_version=lesson.subject.dataset.version,
        seed=seed,
        parent=lesson.parent,
        metrics=metrics,
    )
    rows = np.flatnonzero(trained.walk.fold == last)
    files = packed(trained, trained.walk.models[last], rows, about)
    numbers = {**told(trained, certificate), **(more or {})}
    judgement = Judgement(metrics, numbers, rows_of(lesson, trained))
    model = keep_model(
        workspace,
        files,
        name=name,
        judgement=judgement,
        trials=trials,
        tags={"dataset_id": lesson.subject.dataset_id},
        parent=lesson.parent,
    )
    return Kept(trained, certificate, model)


def figures(trained: Trained) -> dict[str, float]:
    """Return the figures of a walk by name, each with its interval."""
    return figures_of(trained.evaluation)


def told(trained: Trained, certificate: Certificate | None) -> dict[str, Any]:
    """Say what was measured, and how it was trained."""
    walk = trained.walk
    return {
        "evaluation": trained.evaluation.as_mapping(),
        "recipe": None if trained.recipe is None else trained.recipe.as_mapping(),
        "folds": [
            {
                "fold": number,
                "model_rows": len(model.model_rows),
                "held_rows": len(model.held_rows),
                "calibration_rows": len(model.calibration_rows),
                "test_rows": int((walk.fold == place).sum()),
            }
            for place, (number, model) in enumerate(
                zip(walk.numbers, walk.models, strict=True)
            )
        ],
        "skipped": [asdict(each) for each in walk.skipped],
        "slices": None if trained.slices is None else trained.slices.as_mapping(),
        "leak": {
            "alarm": trained.evaluation.leak_alarm,
            "certificate": None if certificate is None else certificate.as_mapping(),
        },
    }


def rows_of(lesson: Lesson, trained: Trained) -> pl.DataFrame:
    """Forecast and log loss of each tested decision.

    By the losses versions are compared pair by pair, by the forecasts the gate judges.
    """
    walk = trained.walk
    rows = np.flatnonzero(walk.tested)
    chances = walk.probabilities[rows]
    losses = log_losses(chances, classes_of(trained)[rows])
    ids = lesson.subject.dataset.decision_context["decision_id"].gather(rows)
    return forecast_rows(ids, losses, walk.fold[rows], chances)
