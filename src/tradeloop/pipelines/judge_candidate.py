"""A registered version with its dataset, its forecasts and what it is judged on."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from tradeloop.errors import ArtefactError, InputError
from tradeloop.models import Artefact, read_artefact
from tradeloop.models.base import Floats, Ints
from tradeloop.models.config_rules import TrainingRule
from tradeloop.pipelines.captured import EVERYTHING, captured_market
from tradeloop.pipelines.judge_returns import Ground
from tradeloop.pipelines.kept_forecasts import CHANCES, FOLD, KEY, forecasts_of
from tradeloop.pipelines.lesson import Lesson, read_lesson, training_of, with_bars
from tradeloop.pipelines.models_load import load_stored
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.train import past_of
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import StoredModel

_SAME = 1e-6  # of a probability: what stored files may differ by


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A version with what it was tested on.

    Parameters
    ----------
    model : StoredModel
        As it is registered.
    artefact : Artefact
        Its files.
    lesson : Lesson
        Its dataset.
    rows : ndarray of int64 of shape (n_rows,)
        Tested rows of the dataset, in the order of their decisions.
    chances : ndarray of shape (n_rows, 3)
        Forecasts of the folds that had not seen them.
    ground : Ground
        Decisions and bars to compare on.
    """

    model: StoredModel
    artefact: Artefact
    lesson: Lesson
    rows: Ints
    chances: Floats
    ground: Ground


def candidate_of(
    workspace: Workspace, name: str, version: str, rules: Rules
) -> Candidate:
    """Read a version with its dataset, its forecasts and the bars to judge it on.

    Raises
    ------
    TradeloopError
        As in `judge_model`.
    """
    model = workspace.catalog.models.model(workspace.principal, name, version)
    artefact = read_artefact(load_stored(workspace, model).files)
    kept = forecasts_of(workspace, model)
    if kept is None:
        raise InputError(
            f"{name} {version} was registered without its forecasts on rows that it "
            "had not seen.",
            way_out="Train it with: tradeloop models train. The models of a run are "
            "for its own use.",
            source="version",
        )
    rule = training_of(artefact, TrainingRule(sample_weight="none"))
    lesson = read_lesson(workspace, artefact.meta.dataset_version, rule)
    artefact.meta.columns.refuse_other(lesson.columns)
    lesson = with_bars(workspace, lesson, artefact.steps, rules.features.own)
    rows, placed = _placed(lesson, kept)
    chances = placed.select(CHANCES).to_numpy()
    _refuse_other_forecasts(artefact, lesson, rows, placed)
    recipe = lesson.subject.recipe
    extent = EVERYTHING if recipe is None else recipe.extent
    bars = captured_market(workspace, extent).market.bars
    data, horizon_ns = lesson.subject.dataset, artefact.meta.horizon_ns
    inputs = lesson.features[rows]
    ground = Ground.of(bars, data, rows, inputs, rules, horizon_ns)
    return Candidate(model, artefact, lesson, rows, chances, ground)


def _placed(lesson: Lesson, kept: pl.DataFrame) -> tuple[Ints, pl.DataFrame]:
    """Find the rows of the dataset that were tested, in its order."""
    ids = lesson.subject.dataset.decision_context[KEY]
    rows = pl.DataFrame({KEY: ids}).with_row_index("_row")
    both = rows.join(kept, on=KEY, how="inner", maintain_order="left")
    if both.height != kept.height:
        raise ArtefactError(
            f"{kept.height - both.height} of the {kept.height} decisions that were "
            f"forecast are not in {lesson.subject.dataset_id}. Train the model again."
        )
    return both["_row"].to_numpy().astype(np.int64), both


def _refuse_other_forecasts(
    artefact: Artefact, lesson: Lesson, rows: Ints, placed: pl.DataFrame
) -> None:
    """Check that the last fold's forecasts are those of the registered model."""
    fold = placed[FOLD].to_numpy()
    last = fold == fold.max()
    said = forecast(artefact, lesson, rows[last])
    far = np.abs(said - placed.select(CHANCES).to_numpy()[last]).max()
    if not far <= _SAME:
        raise ArtefactError(
            f"{artefact.meta.name} {artefact.meta.version} forecasts up to {far:.2g} "
            f"away from what was kept of its last fold; at most {_SAME:g} may be. "
            "Train it again."
        )


def forecast(artefact: Artefact, lesson: Lesson, rows: Ints) -> Floats:
    """Calibrated probabilities of a stored model for rows of a dataset, (n_rows, 3)."""
    data, features = lesson.subject.dataset, lesson.features
    past = past_of(data, features, lesson.bars, artefact.steps)
    given = features[rows] if past is None else past.take(rows)
    told = artefact.fitted().predict_proba(artefact.seen(given))
    return np.asarray(artefact.calibration.apply(told))
