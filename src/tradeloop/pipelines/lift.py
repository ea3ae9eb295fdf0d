"""Lift of a forecast: how much better it is than another on the same test rows.

Relative gains, each with an interval from the stationary block bootstrap over rows in
time order, since the labels of neighbouring decisions overlap; the definitions stand in
`tradeloop.pipelines.effect`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from tradeloop.errors import InputError
from tradeloop.models import CLASSES, rows_per_block
from tradeloop.models.base import Floats, Ints
from tradeloop.models.evaluation import LEAK_ALARM
from tradeloop.pipelines.subject import Subject
from tradeloop.pipelines.train import Trained
from tradeloop.statistics import Interval, block_bootstrap

TARGET = 0.05
"""Lift that a dataset is to reach."""
_LEAST_ROWS = 2


@dataclass(frozen=True, slots=True)
class Lift:
    """A relative gain; ``over`` says over which forecast."""

    over: str
    interval: Interval

    @property
    def met(self) -> bool:
        """Whether the interval lies above 0 and the value above `TARGET`."""
        return self.interval.low > 0 and self.interval.value > TARGET

    def as_mapping(self) -> dict[str, Any]:
        """Give it as JSON."""
        said = interval_mapping(self.interval)
        return {**said, "over": self.over, "target": TARGET, "met": self.met}


def interval_mapping(interval: Interval) -> dict[str, float]:
    """Give an interval as JSON."""
    return {"value": interval.value, "low": interval.low, "high": interval.high}


def lifts(subject: Subject, trained: Trained) -> dict[str, Lift]:
    """Lift in log loss over no skill, and in accuracy over the majority.

    Parameters
    ----------
    subject : Subject
        What was learned from.
    trained : Trained
        What `taught` gave.
    """
    walk, rows = trained.walk, np.flatnonzero(trained.walk.tested)
    classes = classes_of(trained)[rows]
    chances, rates = walk.probabilities[rows], walk.no_skill[rows]
    common = int(np.bincount(classes, minlength=len(CLASSES)).argmax())
    losses = np.column_stack([log_losses(rates, classes), log_losses(chances, classes)])
    hits = np.column_stack([classes == common, chances.argmax(axis=1) == classes])
    return {
        "log_loss": Lift("no skill", _drawn(subject, rows, _less_loss, losses)),
        "accuracy": Lift("majority", _drawn(subject, rows, _more_hits, hits)),
    }


def over_previous(
    subjects: tuple[Subject, Subject], trained: tuple[Trained, Trained]
) -> dict[str, Any]:
    """Compare a version with an earlier one, on the decisions that both test.

    Parameters
    ----------
    subjects : (Subject, Subject)
        The newer and the earlier one.
    trained : (Trained, Trained)
        What each taught.

    Returns
    -------
    dict
        ``lift`` (see the module), ``log_loss_difference`` in nats a row (earlier less
        newer, so that above 0 is better), ``accuracy_difference``, each paired and with
        its interval; ``rows``; ``labels_changed``: rows whose class the two versions
        name differently.

    Raises
    ------
    InputError
        The primary horizons differ, or fewer than 2 decisions are tested by both.
    """
    new, old = subjects
    if new.horizon != old.horizon:
        raise InputError(
            f"{new.dataset_id} teaches {new.horizon}, {old.dataset_id} {old.horizon}.",
            way_out="Compare datasets of one primary horizon.",
            source="--against",
        )
    mine, theirs = _both_test(subjects, trained)
    if len(mine) < _LEAST_ROWS:
        raise InputError(
            f"{new.dataset_id} and {old.dataset_id} test {len(mine)} decisions both.",
            way_out="Compare datasets whose test periods overlap.",
            source="--against",
        )
    classes = classes_of(trained[0])[mine]
    chances = [
        each.walk.probabilities[rows]
        for each, rows in zip(trained, (mine, theirs), strict=True)
    ]
    losses = np.column_stack([log_losses(each, classes) for each in chances[::-1]])
    hits = np.column_stack([each.argmax(axis=1) == classes for each in chances[::-1]])
    nats = _drawn(new, mine, _first_less_second, losses)
    points = _drawn(new, mine, _second_less_first, hits)
    changed = int((classes != classes_of(trained[1])[theirs]).sum())
    return {
        "dataset_id": old.dataset_id,
        "rows": len(mine),
        "labels_changed": changed,
        "lift": Lift(
            old.dataset_id, _drawn(new, mine, _less_loss, losses)
        ).as_mapping(),
        "log_loss_difference": interval_mapping(nats),
        "accuracy_difference": interval_mapping(points),
    }


def _both_test(
    subjects: tuple[Subject, Subject], trained: tuple[Trained, Trained]
) -> tuple[Ints, Ints]:
    """Row numbers of the decisions that both test, in the order of the first."""
    numbered = [
        subject.dataset.decision_context.select("decision_id")
        .with_row_index("row")
        .filter(pl.Series(each.walk.tested))
        for subject, each in zip(subjects, trained, strict=True)
    ]
    joined = numbered[0].join(numbered[1], on="decision_id", maintain_order="left")
    return tuple(  # type: ignore[return-value]
        joined[name].to_numpy().astype(np.int64) for name in ("row", "row_right")
    )


def suspicion(trained: Trained) -> dict[str, Any]:
    """Say whether directions are right more often than is likely without a leak."""
    scores = trained.evaluation.model.direction_accuracy
    usual = trained.evaluation.majority.direction_accuracy
    return {
        "alarm_above": LEAK_ALARM,
        "direction_accuracy": None if scores is None else interval_mapping(scores),
        "of_the_majority": None if usual is None else usual.value,
        "suspicious": scores is not None and scores.value > LEAK_ALARM,
    }


def log_losses(chances: Floats, classes: Ints) -> Floats:
    """``-ln p`` of the class that came, row by row, p at least the machine epsilon."""
    told = chances[np.arange(len(classes)), classes]
    return np.asarray(-np.log(np.maximum(told, np.finfo(np.float64).eps)))


def classes_of(trained: Trained) -> Ints:
    """Class number of what came, 0 to 2, row by row."""
    return trained.direction - CLASSES[0]


def block_of(subject: Subject, rows: Ints) -> int:
    """Mean block of the bootstrap of these rows, see `rows_per_block`."""
    made = subject.dataset
    return rows_per_block(made.decision_ns[rows], made.end_ns[rows])


def _drawn(subject: Subject, rows: Ints, statistic: Any, pairs: Any) -> Interval:
    return block_bootstrap(
        statistic,
        np.asarray(pairs, np.float64),
        block_rows=block_of(subject, rows),
        seed=subject.rule.seed,
    )


def _less_loss(pairs: Floats) -> float:
    base, mine = pairs.mean(axis=0)
    return float(1 - mine / base)


def _more_hits(pairs: Floats) -> float:
    base, mine = pairs.mean(axis=0)
    return float(mine / base - 1)


def _first_less_second(pairs: Floats) -> float:
    return float((pairs[:, 0] - pairs[:, 1]).mean())


def _second_less_first(pairs: Floats) -> float:
    return float((pairs[:, 1] - pairs[:, 0]).mean())
