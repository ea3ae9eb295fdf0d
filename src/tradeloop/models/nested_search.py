"""A search inside each outer fold, judged on rows that the search never saw.

For each outer fold: the search tries parameters on inner folds of the fold's training
rows; the best of them, and the defaults, are fitted on all of these training rows and
forecast the test rows. What the search gained is the difference of the two forecasts
on those rows. It may be nothing, or less: then the defaults are the better choice.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tradeloop.models.base import Floats, Ints
from tradeloop.models.evaluation import rows_per_block
from tradeloop.models.labelled import Labelled
from tradeloop.models.recipe import Recipe
from tradeloop.models.search import Payoff, Question, SearchRule, search
from tradeloop.models.spaces import Space, Value
from tradeloop.models.training import Splitter, walk_rows
from tradeloop.models.trials import Search
from tradeloop.models.walked import WalkForward, joined
from tradeloop.statistics import Interval, block_bootstrap

TARGET = 0.05
"""Gain in log loss, as a share, that a search is asked for."""
_LEAST_PROBABILITY = float(np.finfo(np.float64).eps)
Fold = tuple[int, tuple[Ints, Ints]]


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What is searched for, in every outer fold.

    Parameters
    ----------
    space : Space
        What may be chosen.
    defaults : mapping
        Values of trial 0.
    make : callable
        From values to a recipe.
    inner : Splitter
        Cuts the training rows of an outer fold; purged.
    rule : SearchRule
        Trials of each outer fold, seed, pruner.
    payoff : Payoff, optional
        For the returns of the trials.
    heard : callable, optional
        Hears after each trial how many of the outer fold were begun, and how many
        there are to be.
    """

    space: Space
    defaults: Mapping[str, Value]
    make: Callable[[Mapping[str, Value]], Recipe]
    inner: Splitter
    rule: SearchRule
    payoff: Payoff | None = None
    heard: Callable[[int, int], None] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Gain:
    """What a search gained over the defaults, on rows that it never saw.

    Parameters
    ----------
    nats : Interval
        Log loss of the defaults less that of the tuned model, a row.
    share : Interval
        The same as a share of the log loss of the defaults.
    points : Interval
        Accuracy of the tuned model less that of the defaults.
    rows : int
        Rows that both forecast.
    """

    nats: Interval
    share: Interval
    points: Interval
    rows: int

    @property
    def found(self) -> bool:
        """Whether the interval of the gain lies above 0."""
        return self.nats.low > 0

    @property
    def met(self) -> bool:
        """Whether it is found, and above `TARGET`."""
        return self.found and self.share.value > TARGET

    def as_mapping(self) -> dict[str, Any]:
        """Give it as JSON."""
        told = {"nats": self.nats, "share": self.share, "points": self.points}
        return {
            **{
                name: {"value": each.value, "low": each.low, "high": each.high}
                for name, each in told.items()
            },
            "rows": self.rows,
            "target": TARGET,
            "found": self.found,
            "met": self.met,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Nested:
    """What the searches of all outer folds gave.

    Parameters
    ----------
    searches : tuple of Search
        One per outer fold.
    parameters : tuple of mapping
        The best of each; those of the last fold are the newest.
    tuned, plain : WalkForward
        Forecasts with the best parameters and with the defaults.
    gain : Gain
        The one against the other.
    """

    searches: tuple[Search, ...]
    parameters: tuple[Mapping[str, Value], ...]
    tuned: WalkForward
    plain: WalkForward
    gain: Gain

    @property
    def counts(self) -> Mapping[str, int]:
        """Trials of all searches by what became of them; the gate needs the sum."""
        found: dict[str, int] = {}
        for each in self.searches:
            for state, count in each.counts.items():
                found[state] = found.get(state, 0) + count
        return found


def nested_search(
    rows: Labelled, folds: Sequence[Fold], plan: Plan, journal: Path, study: str
) -> Nested:
    """Search in each outer fold, then judge on the rows that it tests.

    Parameters
    ----------
    rows : Labelled
        All rows.
    folds : sequence of (number, (train, test))
        Outer folds, each with its number in the splitter; at least one.
    plan : Plan
        What is searched for.
    journal : Path
        File of the journal; an interrupted search goes on.
    study : str
        Name of the search; each outer fold has its own, ``STUDY-fold-NUMBER``.

    Raises
    ------
    InputError
        No inner fold, or defaults outside of the space.
    NotFoundError
        No trial of an outer fold is complete.
    """
    searches = explore(rows, folds, plan, journal, study)
    tuned, plain = [], []
    for found, (number, (train, test)) in zip(searches, folds, strict=True):
        fold = [(number, (train, test))]
        tuned.append(walk_rows(rows, fold, plan.make(found.best.parameters)))
        plain.append(walk_rows(rows, fold, plan.make(plan.defaults)))
    best, base = joined(tuned), joined(plain)
    return Nested(
        searches=searches,
        parameters=tuple(found.best.parameters for found in searches),
        tuned=best,
        plain=base,
        gain=gain_of(rows, best, base, plan.rule.seed),
    )


def explore(
    rows: Labelled, folds: Sequence[Fold], plan: Plan, journal: Path, study: str
) -> tuple[Search, ...]:
    """Search in each outer fold, without judging; see `nested_search`.

    Several processes may do so in one journal at once.
    """
    return tuple(
        search(
            question_of(rows, train, plan), journal, f"{study}-fold-{number}", plan.rule
        )
        for number, (train, _) in folds
    )


def question_of(rows: Labelled, train: Ints, plan: Plan) -> Question:
    """Ask about the training rows of an outer fold, and nothing else."""
    inner = plan.inner.split(rows.decision_ns[train], rows.end_ns[train])
    return Question(
        rows=rows,
        train=train,
        folds=[(train[first], train[test]) for first, test in inner],
        space=plan.space,
        defaults=plan.defaults,
        make=plan.make,
        payoff=plan.payoff,
        heard=plan.heard,
    )


def gain_of(rows: Labelled, tuned: WalkForward, plain: WalkForward, seed: int) -> Gain:
    """Compare two walks on the rows that both test, by a paired block bootstrap."""
    both = np.flatnonzero(tuned.tested & plain.tested)
    classes = rows.classes[both]
    pairs = [walk.probabilities[both] for walk in (plain, tuned)]
    losses = np.column_stack([_losses(each, classes) for each in pairs])
    hits = np.column_stack([each.argmax(axis=1) == classes for each in pairs])
    block = rows_per_block(rows.decision_ns[both], rows.end_ns[both])

    def drawn(statistic: Callable[[Floats], float], values: Floats) -> Interval:
        return block_bootstrap(statistic, values, block_rows=block, seed=seed)

    return Gain(
        nats=drawn(_less, losses),
        share=drawn(_share, losses),
        points=drawn(lambda pair: -_less(pair), hits.astype(np.float64)),
        rows=len(both),
    )


def _losses(chances: Floats, classes: Ints) -> Floats:
    told = chances[np.arange(len(classes)), classes]
    return np.asarray(-np.log(np.maximum(told, _LEAST_PROBABILITY)))


def _less(pairs: Floats) -> float:
    base, mine = pairs.mean(axis=0)
    return float(base - mine)


def _share(pairs: Floats) -> float:
    base, mine = pairs.mean(axis=0)
    return float(1 - mine / base)
