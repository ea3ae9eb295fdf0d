"""What a model is to learn from: a stored dataset, read once; no store is needed after.

The inputs, the directions over the primary and the further horizons, the weights (how
unique a label is, times how old), the instruments, and where the model goes on from.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.capture import Market
from tradeloop.datasets import (
    exponential_decay,
    to_sum,
    uniqueness_weights,
)
from tradeloop.datasets.outcomes import horizons_of
from tradeloop.errors import InputError, NotFoundError
from tradeloop.events import DatasetType, duration_ns
from tradeloop.features import Column
from tradeloop.models import Artefact, Columns
from tradeloop.models.calibrated import Start
from tradeloop.models.config_rules import TrainingRule
from tradeloop.pipelines.assemble import Material
from tradeloop.pipelines.browse import found, listed, root, stored
from tradeloop.pipelines.gather import Plan, gather_again, prepared
from tradeloop.pipelines.models_load import load_model
from tradeloop.pipelines.recipe import read_recipe
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.subject import Subject, read_subject
from tradeloop.pipelines.train import inputs
from tradeloop.pipelines.workspace import Workspace

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """What is learned from.

    Parameters
    ----------
    subject : Subject
        The dataset, its splitter and how it was made.
    columns : Columns
        Inputs of the models.
    features : ndarray of shape (n_rows, n_columns)
        Their values, NaN where missing.
    direction : ndarray of int of shape (n_rows,)
        What came over the primary horizon.
    further : ndarray of int of shape (n_rows, n_further) or None
        What came over the further ones, where the dataset tells it of every row.
    weight : ndarray of shape (n_rows,) or None
        Weight of each row.
    bars : polars.DataFrame or None
        Features of all bars, where a model looks at several rows.
    start : Start or None
        What the models go on from.
    parent : str
        Its version; empty without one.
    """

    subject: Subject
    columns: Columns
    features: Floats
    direction: Ints
    further: Ints | None
    weight: Floats | None
    bars: pl.DataFrame | None = None
    start: Start | None = None
    parent: str = ""

    @property
    def horizon_ns(self) -> int:
        """Primary horizon."""
        return duration_ns(self.subject.horizon)


def read_lesson(
    workspace: Workspace,
    dataset: str,
    rule: TrainingRule,
) -> Lesson:
    """Read a dataset.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    dataset : str
        Id, or the beginning of id or version; empty: the newest that teaches signals.
    rule : TrainingRule
        How rows are weighed.

    Raises
    ------
    NotFoundError
        There is no such dataset, or it has no recipe.
    InputError
        The dataset teaches no direction.
    """
    subject = read_subject(workspace, dataset or _newest(workspace))
    rows = subject.dataset
    labels, column = rows.outcome_labels, f"direction_{subject.horizon}"
    if column not in labels.columns or labels[column].null_count():
        raise InputError(
            f"{subject.dataset_id} does not tell the direction of every row over "
            f"{subject.horizon}.",
            way_out="Train on a dataset that teaches directions.",
            source=subject.dataset_id,
            column=column,
        )
    fingerprint = subject.recipe.fingerprint if subject.recipe else ""
    columns, features = inputs(rows, fingerprint, own=rule.inputs == "decision")
    return Lesson(
        subject=subject,
        columns=columns,
        features=features,
        direction=labels[column].to_numpy().astype(np.int64),
        further=_further(subject),
        weight=weights_of(subject, rule),
    )


def with_bars(
    workspace: Workspace, lesson: Lesson, steps: int, own: Sequence[Column]
) -> Lesson:
    """Compute the features of all bars again, for models that look at several rows.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    lesson : Lesson
        Rows of a dataset.
    steps : int
        Longest sequence that a model looks at; 1: nothing is done.
    own : sequence of Column
        Features of the user's own that are at hand.

    Raises
    ------
    TradeloopError
        An input of the dataset is no longer there.
    """
    if steps <= 1:
        return lesson
    ready = made_again(workspace, lesson.subject, own)
    return replace(lesson, bars=ready.material.features)


@dataclass(frozen=True, slots=True, eq=False)
class Again:
    """What a dataset was made of, read once more.

    Parameters
    ----------
    market : Market
        Bars, quotes, trades.
    material : Material
        Features of all bars, and the decisions.
    rules : Rules
        The dataset's own.
    """

    market: Market
    material: Material
    rules: Rules


def made_again(workspace: Workspace, subject: Subject, own: Sequence[Column]) -> Again:
    """Read what a dataset was made of, and compute its features again.

    Raises
    ------
    TradeloopError
        An input of the dataset is no longer there.
    """
    place = root(workspace, found(workspace, subject.dataset_id))
    recipe = read_recipe(workspace, place)
    rules = recipe.rules_with(own)
    gathered = gather_again(workspace, recipe, place)
    plan = Plan(DatasetType(recipe.dataset_type), recipe.horizons_ns, recipe.benchmark)
    return Again(gathered.market, prepared(gathered, rules, plan), rules)


def training_of(artefact: Artefact, rule: TrainingRule) -> TrainingRule:
    """Return how rows are read for a stored model: with the inputs that it has."""
    names = artefact.meta.columns.names
    own = any(name.startswith("decision_") for name in names)
    return replace(rule, inputs="decision" if own else "market")


def going_on(workspace: Workspace, lesson: Lesson, name: str, version: str) -> Lesson:
    """Return the rows with the registered model that is to be gone on from.

    Raises
    ------
    NotFoundError
        It is not registered, or its dataset is gone.
    """
    artefact = load_model(workspace, name, version)
    start = start_of(workspace, artefact, lesson.subject)
    return replace(lesson, start=start, parent=version)


def _newest(workspace: Workspace) -> str:
    there = listed(workspace, DatasetType.SIGNAL_GENERATION)
    if not there:
        raise NotFoundError(
            "There is no dataset to learn signals from. Make one: tradeloop datasets "
            "build."
        )
    return there[0].dataset_id


def _further(subject: Subject) -> Ints | None:
    labels = subject.dataset.outcome_labels
    names = [f"direction_{h}" for h in horizons_of(labels)[1:]]
    whole = [n for n in names if n in labels.columns and not labels[n].null_count()]
    if not whole:
        return None
    return np.column_stack([labels[name].to_numpy() for name in whole]).astype(np.int64)


def weights_of(subject: Subject, rule: TrainingRule) -> Floats | None:
    """Weigh the rows: how unique each label is among its instrument's, times its age.

    Only times decide. A training row shares none with a test row, for these were
    purged; the age is counted from the newest row, which scales all others alike.
    """
    rows = subject.dataset
    weight = np.ones(rows.sample_count)
    if rule.sample_weight == "uniqueness":
        groups = rows.decision_context["instrument"].to_numpy()
        weight = uniqueness_weights(rows.decision_ns, rows.end_ns, group=groups)
    if rule.half_life:
        half_life_ns = duration_ns(rule.half_life)
        weight = weight * exponential_decay(rows.decision_ns, half_life_ns=half_life_ns)
    if rule.sample_weight == "none" and not rule.half_life:
        return None
    return to_sum(weight)


def start_of(workspace: Workspace, artefact: Artefact, subject: Subject) -> Start:
    """Go on from a stored model; what it had seen may judge nothing.

    Raises
    ------
    NotFoundError
        Its dataset is gone, so that nobody knows what it had seen.
    """
    until_ns = known_until_ns(workspace, artefact)
    return Start(
        fitted=artefact.fitted(),
        until_ns=until_ns,
        rows=np.flatnonzero(subject.dataset.end_ns <= until_ns),
        preparation=artefact.preparation,
    )


def known_until_ns(workspace: Workspace, artefact: Artefact) -> int:
    """When the last label that a stored model knows was known, ns UTC.

    Raises
    ------
    NotFoundError
        It does not say over which period it was fitted, or its dataset is gone.
    """
    meta = artefact.meta
    if meta.training_period_ns is None:
        raise NotFoundError(
            f"{meta.name} {meta.version} does not say which period it was trained on. "
            "Train it again with this version."
        )
    rows = stored(workspace, meta.dataset_version)
    seen = rows.decision_ns <= meta.training_period_ns[1]
    return int(rows.end_ns[seen].max())
