"""A search over a stored dataset: nested, resumable, and counted in the registry."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tradeloop.costs import CostModel
from tradeloop.datasets import CombinatorialPurged, PurgedWalkForward
from tradeloop.errors import InputError
from tradeloop.models import Recipe, Splitter
from tradeloop.models.configs import ModelConfigs
from tradeloop.models.labelled import (
    Labelled,
    labelled,
    with_further,
)
from tradeloop.models.nested_search import (
    Fold,
    Nested,
    Plan,
    explore,
    nested_search,
)
from tradeloop.models.search import Payoff, SearchRule
from tradeloop.models.spaces import Value
from tradeloop.pipelines.lesson import Lesson
from tradeloop.pipelines.train import past_of
from tradeloop.pipelines.trained import Trained, judged
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import TrialRecord

_BPS = 1e4


@dataclass(frozen=True, slots=True)
class Study:
    """Which search this is, and where its journal lies.

    Parameters
    ----------
    model : str
        An estimator, or ``ensemble``.
    name : str
        Name of the study: dataset, model and settings, so that the same question goes
        on with the same trials and another one never does.
    journal : Path
        Its file.
    """

    model: str
    name: str
    journal: Path


def study_of(
    workspace: Workspace, lesson: Lesson, model: str, configs: ModelConfigs, seed: int
) -> Study:
    """Name a search by its question; the number of trials is no part of it."""
    said = configs.as_mapping()
    said["search"].pop("trials")
    shaped = {
        "configs": said,
        "model": model,
        "dataset": lesson.subject.dataset.version,
        "seed": seed,
    }
    text = json.dumps(shaped, sort_keys=True, default=str).encode()
    name = f"{model}-{hashlib.sha256(text).hexdigest()[:12]}"
    folder = workspace.places.runs / "searches" / workspace.principal.tenant
    return Study(model, name, folder / f"{name}.jsonl")


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What is searched for, in which rows.

    Parameters
    ----------
    lesson : Lesson
        The dataset.
    study : Study
        Name and journal: an interrupted search goes on.
    configs : ModelConfigs
        Spaces, trials and how a fold is fitted.
    costs : CostModel
        What a trade costs, for the returns of the trials.
    seed : int
        Of estimators and bootstrap.
    heard : callable, optional
        Hears after each trial how many of the outer fold were begun, and how many
        there are to be.
    """

    lesson: Lesson
    study: Study
    configs: ModelConfigs
    costs: CostModel
    seed: int
    heard: Callable[[int, int], None] | None = None


def explored(asked: Asked) -> None:
    """Search in each outer fold, and judge nothing: one of several processes.

    Raises
    ------
    InputError
        The dataset is not split, or there is nothing to search over.
    """
    rows = rows_of(asked.lesson, asked.study.model, asked.configs)
    folds, study = _outer(asked, rows), asked.study
    explore(rows, folds, plan_of(asked), study.journal, study.name)


def searched(asked: Asked) -> tuple[Nested, Trained]:
    """Search in each outer fold, and judge what was found on its test rows.

    Raises
    ------
    InputError
        The dataset is not split, or there is nothing to search over.
    NotFoundError
        No trial of a fold is complete.
    """
    lesson, study, configs = asked.lesson, asked.study, asked.configs
    rows = rows_of(lesson, study.model, configs)
    folds = _outer(asked, rows)
    nested = nested_search(rows, folds, plan_of(asked), study.journal, study.name)
    newest = configs.recipe(study.model, nested.parameters[-1], seed=asked.seed)
    given = lesson.columns, lesson.features
    data = lesson.subject.dataset
    walk, seed = nested.tuned, asked.seed
    past = past_of(data, lesson.features, lesson.bars, newest.steps)
    return nested, judged(data, given, lesson.direction, walk, newest, seed, past)


def rows_of(lesson: Lesson, model: str, configs: ModelConfigs) -> Labelled:
    """Check the rows of a lesson, with the sequences that a model looks at."""
    data = lesson.subject.dataset
    steps = configs.recipe(model).steps
    past = past_of(data, lesson.features, lesson.bars, steps)
    rows = labelled(
        lesson.features if past is None else past,
        lesson.direction,
        data.decision_ns,
        data.end_ns,
        lesson.columns,
        lesson.weight,
    )
    return with_further(rows, lesson.further)


def _outer(asked: Asked, rows: Labelled) -> list[Fold]:
    """Outer folds with their numbers: all of them, or the last ones."""
    subject, count = asked.lesson.subject, asked.configs.search.outer
    if not subject.splitter.count():
        raise InputError(
            f"{subject.dataset_id} is not split: it has too few rows to test on.",
            way_out="Capture more decisions, and build it again.",
            source=subject.dataset_id,
        )
    every = list(enumerate(subject.splitter.split(rows.decision_ns, rows.end_ns)))
    return every[-count:] if count else every


def plan_of(asked: Asked) -> Plan:
    """Say what is tried in every outer fold."""
    configs, model = asked.configs, asked.study.model
    space, defaults = configs.space(model)
    search = configs.search

    def make(values: Mapping[str, Value]) -> Recipe:
        return configs.recipe(model, values, seed=asked.seed)

    return Plan(
        space=space,
        defaults=defaults,
        make=make,
        inner=_inner(configs),
        rule=SearchRule(search.trials, search.seed, search.pruner),
        payoff=_payoff(asked.lesson, asked.costs, search.min_edge),
        heard=asked.heard,
    )


def _inner(configs: ModelConfigs) -> Splitter:
    asked, least = configs.search, configs.training.min_rows
    if asked.inner == "combinatorial":
        return CombinatorialPurged(groups=asked.folds, test_groups=2, min_rows=least)
    return PurgedWalkForward(folds=asked.folds, min_train_share=0.5, min_rows=least)


def _payoff(lesson: Lesson, costs: CostModel, min_edge: float) -> Payoff | None:
    """Take the moves over the primary horizon, where the labels tell them."""
    labels, column = lesson.subject.dataset.outcome_labels, _return_of(lesson)
    if column not in labels.columns:
        return None
    moved = labels[column].cast(float).fill_null(0.0).to_numpy() * _BPS
    paid = costs.round_trip_bps(holding_ns=lesson.horizon_ns)
    return Payoff(np.asarray(moved), np.full(len(moved), paid), min_edge)


def _return_of(lesson: Lesson) -> str:
    return f"return_{lesson.subject.horizon}"


def records_of(nested: Nested) -> tuple[TrialRecord, ...]:
    """Return the trials of all outer folds as the registry counts them."""
    every = [(s.study, trial) for s in nested.searches for trial in s.trials]
    return tuple(
        TrialRecord(
            number=number,
            state=trial.state,
            parameters={**trial.parameters, "study": study},
            score=trial.score,
        )
        for number, (study, trial) in enumerate(every)
    )
