"""A registered model on rows of a dataset that it cannot have seen.

Those are the rows decided after the last label that the model knows was known, of the
rows that fit, calibrate and stop it. Its own base rates are the no-skill forecast.
"""

from dataclasses import dataclass

import numpy as np

from tradeloop.errors import InputError
from tradeloop.models import Artefact, Evaluation, evaluate, rows_per_block
from tradeloop.pipelines.lesson import Lesson, known_until_ns
from tradeloop.pipelines.realised_rows import realised_of
from tradeloop.pipelines.train import past_of
from tradeloop.pipelines.trained import MIN_EDGE
from tradeloop.pipelines.workspace import Workspace

_LEAST_ROWS = 30


@dataclass(frozen=True, slots=True, eq=False)
class Evaluated:
    """A model on rows that came after it.

    Parameters
    ----------
    artefact : Artefact
        The model.
    dataset_id : str
        Whose rows.
    until_ns : int
        What the model knows had ended by then, ns UTC.
    evaluation : Evaluation
        Its forecasts beside their baselines.
    """

    artefact: Artefact
    dataset_id: str
    until_ns: int
    evaluation: Evaluation


def evaluated(
    workspace: Workspace, artefact: Artefact, lesson: Lesson, *, seed: int
) -> Evaluated:
    """Judge a model on the rows of a dataset that were decided after it.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    artefact : Artefact
        The model.
    lesson : Lesson
        Rows.
    seed : int
        Of the bootstrap.

    Raises
    ------
    ArtefactError
        The dataset has other columns than the model.
    InputError
        Too few rows came after it.
    NotFoundError
        Nobody knows what the model had seen: its dataset is gone.
    """
    artefact.meta.columns.refuse_other(lesson.columns)
    data = lesson.subject.dataset
    until_ns = known_until_ns(workspace, artefact)
    rows = np.flatnonzero(data.decision_ns > until_ns)
    if len(rows) < _LEAST_ROWS:
        raise InputError(
            f"{len(rows)} rows of {lesson.subject.dataset_id} were decided after all "
            f"that the model knows; {_LEAST_ROWS} are needed.",
            way_out="Build a dataset with newer decisions.",
            source=lesson.subject.dataset_id,
        )
    fitted = artefact.fitted()
    past = past_of(data, lesson.features, lesson.bars, artefact.steps)
    told = fitted.predict_proba(
        artefact.seen(lesson.features[rows] if past is None else past.take(rows))
    )
    chances = artefact.calibration.apply(told)
    rates = np.broadcast_to(np.array(artefact.meta.base_rates), chances.shape)
    block = rows_per_block(data.decision_ns[rows], data.end_ns[rows])
    found = evaluate(
        chances,
        rates,
        lesson.direction[rows],
        block_rows=block,
        seed=seed,
        realised=realised_of(data, MIN_EDGE, rows),
    )
    return Evaluated(artefact, lesson.subject.dataset_id, until_ns, found)
