"""The estimators of a fold, fitted one by one, and the weights of their votes."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from tradeloop.datasets import PurgedWalkForward
from tradeloop.errors import InputError
from tradeloop.models.base import CLASSES, Fitted, Floats, Held, Ints, Model
from tradeloop.models.labelled import Labelled, cut_in_time
from tradeloop.models.matrix import class_shares
from tradeloop.models.pace import Pace
from tradeloop.models.recipe import Recipe
from tradeloop.models.vote import Member, Vote, learned_weights

_TRAIN_SHARE = 0.5  # of the model rows, that train in every inner fold


class MissingClassError(InputError):
    """The rows that an estimator would learn from lack a class."""


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Rows of a fold by what they are for; sorted, disjoint, purged of each other."""

    model: Ints
    held: Ints
    calibration: Ints

    @property
    def all(self) -> Ints:
        """Rows of any part."""
        return np.union1d(np.union1d(self.model, self.held), self.calibration)


@dataclass(frozen=True, slots=True)
class Watched:
    """Which fold is fitted, and who hears of it."""

    fold: int = 0
    pace: Pace | None = None

    def doing(self, part: str) -> AbstractContextManager[None]:
        """Measure a fit, where somebody listens."""
        return self.pace.doing(self.fold, part) if self.pace else nullcontext()


def parts_of(rows: Labelled, train: Ints, recipe: Recipe) -> Parts:
    """Cut training rows in time: to learn from, to stop early by, to calibrate on.

    Raises
    ------
    InputError
        A part has too few rows.
    MissingClassError
        A class has no row to learn from.
    """
    train = np.asarray(train, dtype=np.int64)
    times = rows.decision_ns, rows.end_ns
    first, last = cut_in_time(*times, train, recipe.fit_share)
    held = first[:0]
    if recipe.held_share:
        first, held = cut_in_time(*times, first, 1 - recipe.held_share)
    found = Parts(first, held, last)
    sizes = [len(first), len(last), *([len(held)] if recipe.held_share else [])]
    if min(sizes) < recipe.min_rows:
        stop = f", {len(held)} to stop early" if recipe.held_share else ""
        raise InputError(
            f"Of {len(train)} training rows {len(first)} are left to fit{stop} and "
            f"{len(last)} to calibrate; {recipe.min_rows} each are needed.",
            way_out="Take more rows, fewer folds or a shorter horizon.",
        )
    refuse_missing_class(rows, first)
    return found


def refuse_missing_class(rows: Labelled, chosen: Ints) -> None:
    """Raise a `MissingClassError` unless every class has one of these rows."""
    counts = np.bincount(rows.classes[chosen], minlength=len(CLASSES))
    missing = [name for name, count in zip(CLASSES, counts, strict=True) if not count]
    if missing:
        raise MissingClassError(
            f"Each direction of {CLASSES} must occur in the {len(chosen)} training "
            f"rows; missing: {missing}.",
            way_out="Take more rows, fewer folds or another neutral band.",
            column="direction",
        )


def fit_members(
    rows: Labelled,
    parts: Parts,
    recipe: Recipe,
    start: Fitted | None,
    watched: Watched,
) -> tuple[Fitted, Ints]:
    """Fit the estimators of a fold and let them vote.

    Parameters
    ----------
    rows : Labelled
        All rows, with the columns that the estimators see.
    parts : Parts
        Rows of the fold.
    recipe : Recipe
        Estimators and weights.
    start : Fitted, optional
        A model, or a vote, to go on from.
    watched : Watched
        Who hears of it.

    Returns
    -------
    Fitted
        The single estimator, or a `Vote`.
    ndarray of int64
        Rows that decided the weights of the vote; none where they were given.
    """
    fitted = []
    for model, _ in recipe.voters:
        with watched.doing(model.name):
            fitted.append(_fit(rows, parts, model, recipe, _of(start, model)))
    if len(fitted) == 1:
        return fitted[0], np.empty(0, np.int64)
    weights = np.array([weight for _, weight in recipe.voters])
    voted = np.empty(0, np.int64)
    if recipe.vote_weights == "learned":
        with watched.doing("vote"):
            weights, voted = _learned(rows, parts, recipe)
    members = zip(recipe.voters, weights, fitted, strict=True)
    return Vote(
        tuple(Member(m.name, float(weight), found) for (m, _), weight, found in members)
    ), voted


def _of(start: Fitted | None, model: Model) -> Fitted | None:
    """Find what an estimator goes on from."""
    if start is None:
        return None
    there: tuple[Fitted, ...] = (start,)
    if isinstance(start, Vote):
        there = tuple(member.fitted for member in start.members)
    for each in there:
        if each.name == model.name:
            return each
    raise InputError(
        f"The model to go on from has no member {model.name!r}, it has "
        f"{', '.join(each.name for each in there)}.",
        way_out="Train the same estimators as the parent, or train anew.",
        source="start",
    )


def _fit(
    rows: Labelled, parts: Parts, model: Model, recipe: Recipe, start: Fitted | None
) -> Fitted:
    many = bool(getattr(model, "many_horizons", False))
    factor = np.ones(len(CLASSES))
    if recipe.class_weight == "balanced":
        shares = class_shares(rows.classes[parts.model], rows.weight[parts.model])
        factor = 1 / (len(CLASSES) * shares)

    def given(chosen: Ints) -> tuple[Any, Ints, Floats]:
        weight = rows.weight[chosen] * factor[rows.classes[chosen]]
        return rows.given(chosen), rows.direction(chosen, horizons=many), weight

    more: dict[str, Any] = {}
    if len(parts.held):
        more["held"] = Held(*given(parts.held))
    if start is not None:
        more["start"] = start
    return model.fit(*given(parts.model), columns=rows.columns, **more)


def _learned(rows: Labelled, parts: Parts, recipe: Recipe) -> tuple[Floats, Ints]:
    """Weights that minimise the log loss on rows that no member was fitted on.

    Inner purged walk-forward folds over the model and held rows: what calibrates or
    tests the fold is not among them.
    """
    inside = np.union1d(parts.model, parts.held)
    told: list[Floats] = []
    tested: list[Ints] = []
    used: list[Ints] = []
    for fold in _inner_folds(rows, inside, recipe):
        train, test = fold
        told.append(_forecasts(rows, train, test, recipe))
        tested.append(test)
        used.append(np.union1d(train, test))
    if not told:
        raise MissingClassError(
            f"No inner fold of the {len(inside)} model rows has every direction, so "
            "that the weights of the vote cannot be learned.",
            way_out="Take more rows, or vote_weights = given.",
            column="direction",
        )
    chosen = np.concatenate(tested)
    weights = learned_weights(
        np.concatenate(told, axis=1), rows.direction(chosen), rows.weight[chosen]
    )
    return weights, np.unique(np.concatenate(used))


def _inner_folds(
    rows: Labelled, inside: Ints, recipe: Recipe
) -> Iterator[tuple[Ints, Ints]]:
    splitter = PurgedWalkForward(
        folds=recipe.vote_folds, min_train_share=_TRAIN_SHARE, min_rows=recipe.min_rows
    )
    times = rows.decision_ns[inside], rows.end_ns[inside]
    for train, test in splitter.split(*times):
        counts = np.bincount(rows.classes[inside[train]], minlength=len(CLASSES))
        if counts.all():
            yield inside[train], inside[test]


def _forecasts(rows: Labelled, train: Ints, test: Ints, recipe: Recipe) -> Floats:
    """Forecast ``test`` by members fitted on ``train``: (n_members, n_rows, 3)."""
    first, held = train, train[:0]
    if recipe.held_share:
        share = 1 - recipe.held_share
        first, held = cut_in_time(rows.decision_ns, rows.end_ns, train, share)
        refuse_missing_class(rows, first)
    parts = Parts(first, held, train[:0])
    return np.stack(
        [
            _fit(rows, parts, model, recipe, None).predict_proba(rows.given(test))
            for model, _ in recipe.voters
        ]
    )
