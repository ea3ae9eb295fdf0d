"""A search for parameters, on inner purged folds, that counts every trial.

1. Trial 0 is the defaults. The others are drawn by the tree-structured Parzen estimator
   from a seed of their own, made of the search's seed and the trial's number: a search
   that broke off goes on as if it had not.
2. A trial is fitted and calibrated on each inner fold, one after another; the score is
   the mean log loss of the rows that the folds test, out of sample, in nats. A trial
   that lags behind the others is pruned after a fold.
3. Every trial stays in the journal, one file of JSON lines: finished, pruned, failed,
   and those that were running when their process died. The gate needs their number.

Several processes may search in one journal at once; the draws then depend on who was
first. The journal is a log of Optuna without its snapshots: it holds no code.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tradeloop.errors import InputError, TradeloopError
from tradeloop.models.base import CLASSES, Floats, Ints
from tradeloop.models.calibrated import fit_rows
from tradeloop.models.labelled import Labelled
from tradeloop.models.members import MissingClassError
from tradeloop.models.recipe import Recipe
from tradeloop.models.spaces import Space, Value, suggest
from tradeloop.models.trials import (
    REASON,
    RETURNS,
    SCORES,
    Search,
    optuna_library,
    packed,
    read_search,
    storage_of,
)

Pruner = Literal["median", "hyperband", "none"]
_LEAST_PROBABILITY = float(np.finfo(np.float64).eps)
_FIRST = 5  # trials drawn at random, and never pruned


@dataclass(frozen=True, slots=True)
class SearchRule:
    """How much is tried, and how.

    Parameters
    ----------
    trials : int
        Trials of the journal together, those of earlier runs included.
    seed : int
        Of the draws.
    pruner : {"median", "hyperband", "none"}
        ``median`` stops a trial that is worse than the median of the others after the
        same inner folds; ``hyperband`` gives more folds to the better ones.

    Raises
    ------
    InputError
        No trial, or another pruner.
    """

    trials: int = 50
    seed: int = 42
    pruner: Pruner = "median"

    def __post_init__(self) -> None:
        if self.trials < 1 or self.pruner not in ("median", "hyperband", "none"):
            raise InputError(
                "A search needs 1 trial or more and a pruner median, hyperband or "
                f"none, had {self.trials} and {self.pruner!r}.",
                way_out="Correct the setting.",
                source="search",
            )


@dataclass(frozen=True, slots=True, eq=False)
class Payoff:
    """What following a forecast earns, for the returns of a trial.

    Parameters
    ----------
    move_bps : ndarray of shape (n_rows,)
        Return of the instrument over the horizon, bps.
    cost_bps : ndarray of shape (n_rows,)
        What a trade costs, bps.
    min_edge : float
        Least ``|p(up) - p(down)|`` that is traded.
    """

    move_bps: Floats
    cost_bps: Floats
    min_edge: float = 0.05

    def of(self, chances: Floats, rows: Ints) -> Floats:
        """Return of following these forecasts, bps a decision; 0 where none is made."""
        edge = chances[:, -1] - chances[:, 0]
        side = np.where(np.abs(edge) >= self.min_edge, np.sign(edge), 0.0)
        made = side * self.move_bps[rows] - np.abs(side) * self.cost_bps[rows]
        return np.asarray(np.where(side == 0, 0.0, made))


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What a search is about.

    Parameters
    ----------
    rows : Labelled
        All rows.
    train : ndarray of int64
        Rows that the search may see: the training rows of an outer fold.
    folds : sequence of (train, test)
        Inner folds over ``train``, as row numbers of ``rows``; purged.
    space : Space
        What may be chosen.
    defaults : mapping
        Values of trial 0, one per name of the space.
    make : callable
        From values to a recipe.
    payoff : Payoff, optional
        For the returns of the trials; none are kept without it.
    heard : callable, optional
        Hears after each trial how many were begun, and how many there are to be.
    """

    rows: Labelled
    train: Ints
    folds: Sequence[tuple[Ints, Ints]]
    space: Space
    defaults: Mapping[str, Value]
    make: Callable[[Mapping[str, Value]], Recipe]
    payoff: Payoff | None = None
    heard: Callable[[int, int], None] | None = None

    @property
    def tested(self) -> Ints:
        """Rows that the inner folds test, sorted."""
        return np.unique(np.concatenate([test for _, test in self.folds]))


def search(question: Question, journal: Path, study: str, rule: SearchRule) -> Search:
    """Try parameters until the journal holds as many trials as the rule says.

    Parameters
    ----------
    question : Question
        Rows, folds and space.
    journal : Path
        File of the journal; made where it is absent, gone on with where it is there.
    study : str
        Name in the journal: the same one goes on.
    rule : SearchRule
        Number of trials, seed and pruner.

    Raises
    ------
    InputError
        No inner fold, or defaults outside of the space.
    MissingExtraError
        Optuna is not installed.
    """
    _refuse_odd(question)
    found = _study(journal, study, rule, len(question.folds))
    if not found.get_trials(deepcopy=False):
        found.enqueue_trial(dict(question.defaults), skip_if_exists=True)
    optuna = optuna_library()
    waiting = (optuna.trial.TrialState.WAITING,)
    while True:
        begun = [t for t in found.get_trials(deepcopy=False) if t.state not in waiting]
        if len(begun) >= rule.trials:
            break
        trial = found.ask()
        found.sampler = _sampler(rule.seed, trial.number)
        _try(found, trial, question)
        if question.heard is not None:
            question.heard(len(begun) + 1, rule.trials)
    return read_search(journal, study)


def _refuse_odd(question: Question) -> None:
    if not question.folds or not question.space:
        raise InputError(
            f"A search needs inner folds and a space, had {len(question.folds)} folds "
            f"and {len(question.space)} parameters.",
            way_out="Take more rows, or name parameters in model_configs.yaml.",
            source="search",
        )
    for name, part in question.space.items():
        if name not in question.defaults or not part.holds(question.defaults[name]):
            raise InputError(
                f"The default of {name} must lie in its space {part.as_mapping()}, "
                f"was {question.defaults.get(name)!r}.",
                way_out="Widen the space, so that the defaults are among its trials.",
                source="search space",
                column=name,
            )


def _try(study: Any, trial: Any, question: Question) -> None:
    """Run one trial to its end; an interruption leaves it as it is: abandoned."""
    states = optuna_library().trial.TrialState
    parameters = suggest(trial, question.space)
    scores: list[float] = []
    whole = np.zeros((len(question.rows), len(CLASSES)))
    times = np.zeros(len(question.rows))
    lost = tested = 0.0
    try:
        recipe = question.make(parameters)
        for step, (test, chances) in enumerate(_folds(question, recipe)):
            whole[test] += chances
            times[test] += 1
            told = chances[np.arange(len(test)), question.rows.classes[test]]
            lost -= float(np.log(np.maximum(told, _LEAST_PROBABILITY)).sum())
            tested += len(test)
            scores.append(lost / tested)
            trial.report(scores[-1], step)
            trial.set_user_attr(SCORES, scores)
            if step + 1 < len(question.folds) and trial.should_prune():
                study.tell(trial, state=states.PRUNED)
                return
        if not scores:
            raise InputError(
                "No inner fold has rows of every direction to learn from.",
                way_out="Take more rows or fewer inner folds.",
            )
    except TradeloopError as error:
        trial.set_user_attr(REASON, str(error))
        study.tell(trial, state=states.FAIL)
        return
    if question.payoff is not None:
        rows = np.flatnonzero(times)
        made = question.payoff.of(whole[rows] / times[rows, None], rows)
        trial.set_user_attr(RETURNS, packed(made))
    study.tell(trial, scores[-1])


def _folds(question: Question, recipe: Recipe) -> Iterator[tuple[Ints, Floats]]:
    """Yield the test rows of each inner fold and their forecasts."""
    rows = question.rows
    for number, (train, test) in enumerate(question.folds):
        seen = rows
        if rows.decision_ns[train].max() >= rows.decision_ns[test].min():
            seen = rows.hiding(test)  # training on both sides of the test
        with suppress(MissingClassError):
            model = fit_rows(seen, train, recipe, f"inner fold {number}")
            yield test, model.predict_proba(rows.given(test))


def _study(journal: Path, study: str, rule: SearchRule, folds: int) -> Any:
    optuna = optuna_library()
    journal.parent.mkdir(parents=True, exist_ok=True)
    pruners: dict[str, Callable[[], Any]] = {
        "median": lambda: optuna.pruners.MedianPruner(n_startup_trials=_FIRST),
        "hyperband": lambda: optuna.pruners.HyperbandPruner(
            min_resource=1, max_resource=folds, reduction_factor=2
        ),
        "none": optuna.pruners.NopPruner,
    }
    return optuna.create_study(
        study_name=study,
        storage=storage_of(journal),
        sampler=_sampler(rule.seed, 0),
        pruner=pruners[rule.pruner](),
        direction="minimize",
        load_if_exists=True,
    )


def _sampler(seed: int, number: int) -> Any:
    """Sampler of one trial, seeded by its number."""
    drawn = int(np.random.default_rng([seed, number]).integers(2**31))
    return optuna_library().samplers.TPESampler(n_startup_trials=_FIRST, seed=drawn)
