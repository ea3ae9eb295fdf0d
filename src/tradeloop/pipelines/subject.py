"""A dataset that is judged by what the standard model learns from it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from tradeloop.datasets import Dataset, Splitter
from tradeloop.datasets.outcomes import horizons_of
from tradeloop.errors import InputError, NotFoundError
from tradeloop.pipelines.browse import described, found, listed, root, stored
from tradeloop.pipelines.recipe import Recipe, read_recipe
from tradeloop.pipelines.rules import ModelRule
from tradeloop.pipelines.train import Trained, train
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import DatasetRecord

TREES, DEPTH = 50, 3
_SIMULATED = ".SIM"  # what the names of simulated instruments end in


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A dataset that is judged.

    Parameters
    ----------
    dataset_id : str
        Its name.
    dataset : Dataset
        Its rows.
    splitter : Splitter
        Its own.
    rule : ModelRule
        The standard model.
    about : mapping
        What the dataset says of itself.
    recipe : Recipe or None
        How it was made; None where it was made by hand.
    """

    dataset_id: str
    dataset: Dataset
    splitter: Splitter
    rule: ModelRule
    about: dict[str, Any]
    recipe: Recipe | None = None

    @property
    def horizon(self) -> str:
        """Primary horizon, such as ``5d``."""
        return horizons_of(self.dataset.outcome_labels)[0]

    @property
    def simulated(self) -> bool:
        """Whether every instrument is a simulated one."""
        names = self.dataset.decision_context["instrument"]
        return bool(names.str.ends_with(_SIMULATED).all())


def standard_rule(seed: int, trees: int = TREES) -> ModelRule:
    """Return the settings of the standard model; only the seed is the dataset's."""
    return ModelRule(trees=trees, depth=DEPTH, seed=seed)


def read_subject(workspace: Workspace, name: str) -> Subject:
    """Read a dataset and how it was made.

    Raises
    ------
    NotFoundError
        There is none of the name, or it has no recipe.
    DamagedError
        A file does not match its hash.
    """
    record = found(workspace, name)
    place = root(workspace, record)
    recipe = read_recipe(workspace, place)
    seed = ModelRule.from_mapping(recipe.rules["model"]).seed
    return Subject(
        dataset_id=record.dataset_id,
        dataset=stored(workspace, record.dataset_id),
        splitter=recipe.splitter(),
        rule=standard_rule(seed),
        about=described(workspace, place),
        recipe=recipe,
    )


def previous_of(workspace: Workspace, subject: Subject) -> Subject | None:
    """Find the newest older dataset to compare with: same type and primary horizon.

    Its test period, from the first tested decision to the last end of a label, must
    meet that of the subject. None where there is none.
    """
    mine = _tested_period(subject.dataset.outcome_labels)
    for record in _older(workspace, subject):
        place = root(workspace, record)
        read = workspace.lake.read(workspace.principal, place, "outcome_labels")
        labels = read.collect()
        theirs = _tested_period(labels)
        if mine is None or theirs is None or horizons_of(labels)[0] != subject.horizon:
            continue
        if theirs[0] <= mine[1] and mine[0] <= theirs[1]:
            try:
                return read_subject(workspace, record.dataset_id)
            except NotFoundError:  # it has no recipe
                continue
    return None


def _older(workspace: Workspace, subject: Subject) -> Iterator[DatasetRecord]:
    """Datasets of the type that were made before, the newest first."""
    made = found(workspace, subject.dataset_id)
    for record in listed(workspace, made.dataset_type):
        if record.creation_ns < made.creation_ns:
            yield record


def _tested_period(labels: pl.DataFrame) -> tuple[int, int] | None:
    tested = labels.filter(pl.col("fold") >= 0)
    if tested.is_empty():
        return None
    decided, ended = tested["decision_ns"].to_numpy(), tested["end_ns"].to_numpy()
    return int(decided.min()), int(ended.max())


def taught(subject: Subject) -> Trained:
    """Train the standard model, walking forward over the dataset's own splitter.

    Raises
    ------
    InputError
        The dataset teaches no direction, is not split, or a fold has too few rows.
    """
    labels, column = subject.dataset.outcome_labels, f"direction_{subject.horizon}"
    if column not in labels.columns or labels[column].null_count():
        raise InputError(
            f"{subject.dataset_id} does not tell the direction of every row over "
            f"{subject.horizon}, so that the standard model cannot learn from it.",
            way_out="Judge a dataset that teaches directions.",
            source=subject.dataset_id,
            column=column,
        )
    if not subject.splitter.count():
        raise InputError(
            f"{subject.dataset.sample_count} rows without folds cannot be tested.",
            way_out="Gather more decisions and build it again, or set minimum_rows and "
            "folds lower in model.yaml.",
            source=subject.dataset_id,
        )
    return train(
        subject.dataset,
        subject.splitter,
        horizon=subject.horizon,
        fingerprint=subject.recipe.fingerprint if subject.recipe else "",
        rule=subject.rule,
    )
