"""Walk-forward training: each fold knows only rows that ended before its test.

1. The splitter names training and test rows; it has purged what overlaps the test.
2. A model with its calibration is fitted on the training rows (`calibrated.py`).
3. The base rates of these rows are the no-skill forecast of the fold.
4. The test rows get calibrated probabilities; rows that no fold tests keep NaN.

A fold whose rows to learn from lack a class is left out with its reason. A fold that
was finished before, by the same recipe on the same rows, is taken from what was kept.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.errors import InputError
from tradeloop.models.base import CLASSES, Columns, Given, Ints
from tradeloop.models.calibrated import (
    CalibratedModel,
    Start,
    fit_rows,
    located,
    seen_error,
)
from tradeloop.models.kept_folds import FoldStore, Keeping
from tradeloop.models.labelled import (
    Labelled,
    labelled,
    with_further,
    with_sequences,
)
from tradeloop.models.members import MissingClassError, Watched, parts_of
from tradeloop.models.pace import Pace
from tradeloop.models.recipe import Recipe
from tradeloop.models.walked import UNTESTED, FittedRows, Skipped, WalkForward

__all__ = [
    "FittedRows",
    "Skipped",
    "Splitter",
    "WalkForward",
    "walk_forward",
    "walk_rows",
]


class Splitter(Protocol):
    """What cuts rows into training and test rows."""

    def split(self, decision_ns: Ints, end_ns: Ints) -> Iterator[tuple[Ints, Ints]]:
        """Yield sorted training and test row numbers, one pair per fold."""


def walk_forward(  # noqa: PLR0913  # all that training rests on, by name
    features: Given,
    direction: ArrayLike,
    decision_ns: ArrayLike,
    end_ns: ArrayLike,
    splitter: Splitter,
    *,
    recipe: Recipe | None = None,
    columns: Columns | None = None,
    weight: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    further: ArrayLike | None = None,
    start: Start | None = None,
    kept: FoldStore | None = None,
    pace: Pace | None = None,
) -> WalkForward:
    """Fit each fold and predict the rows it has not seen.

    Parameters
    ----------
    features : array of shape (n_rows, n_columns), or Sequences
        What was known at the decision; NaN means missing. Sequences may have a past of
        their own, such as the bars between the decisions; a row that is learned from or
        tested must stand in it as its own last step alone.
    direction : array of int of shape (n_rows,)
        -1, 0 or +1. Only labelled rows belong here.
    decision_ns, end_ns : array of int64 of shape (n_rows,)
        When the row was decided and when its label was known, ns UTC.
    splitter : Splitter
        Cuts the rows, purging by label interval.
    recipe : Recipe, optional
        How a fold is fitted; XGBoost with its defaults if absent.
    columns : Columns, optional
        Names and bank of the columns.
    weight : array of shape (n_rows,), optional
        Weight of each row in fitting; never in the base rates.
    groups : array of shape (n_rows,), optional
        Whose row it is, such as the instrument: the sequences of models that look at
        several rows are made of rows of one group. Absent: all rows are one history.
    further : array of int of shape (n_rows, n_further), optional
        Directions over further horizons, known by ``end_ns`` too, for models that
        forecast several horizons at once.
    start : Start, optional
        A model from elsewhere to go on from; folds that it may have seen are skipped.
    kept : FoldStore, optional
        Finished folds are put there, and taken from there instead of being fitted.
    pace : Pace, optional
        Hears of each fit, with the estimated time that is left.

    Raises
    ------
    InputError
        Wrong shapes, a label that ends before its decision, no fold, a row that is
        trained on and tested, a row that two folds test; or, naming the fold, too few
        rows, constant features, and, where that holds for all folds, a class without
        rows.
    """
    recipe = recipe or Recipe()
    rows = labelled(features, direction, decision_ns, end_ns, columns, weight)
    rows = with_further(with_sequences(rows, groups, recipe.steps), further)
    folds = list(splitter.split(rows.decision_ns, rows.end_ns))
    if not folds:
        raise InputError(
            f"The splitter gave no fold for {len(rows)} rows.",
            way_out="Take more rows or fewer folds.",
        )
    numbered = list(enumerate(folds))
    return walk_rows(rows, numbered, recipe, start=start, kept=kept, pace=pace)


def walk_rows(
    rows: Labelled,
    folds: Sequence[tuple[int, tuple[Ints, Ints]]],
    recipe: Recipe,
    *,
    start: Start | None = None,
    kept: FoldStore | None = None,
    pace: Pace | None = None,
) -> WalkForward:
    """Walk over folds of checked rows; see `walk_forward`.

    Parameters
    ----------
    rows : Labelled
        All rows, with sequences where the recipe asks for them.
    folds : sequence of (number, (train, test))
        Folds, each with its number in the splitter; at least one.
    recipe : Recipe
        How a fold is fitted.
    start, kept, pace
        As in `walk_forward`.
    """
    if pace is not None:
        names = [model.name for model, _ in recipe.voters]
        if len(names) > 1 and recipe.vote_weights == "learned":
            names.append("vote")
        pace.plan({number: len(train) for number, (train, _) in folds}, names)
    walk = _Walk(rows, recipe, Keeping(kept, rows, recipe), start, pace)
    walk.go(folds)
    return walk.ended()


class _Walk:
    """The folds, one after another."""

    def __init__(
        self,
        rows: Labelled,
        recipe: Recipe,
        keeping: Keeping,
        start: Start | None,
        pace: Pace | None,
    ) -> None:
        self._rows, self._recipe, self._keeping = rows, recipe, keeping
        self._parent, self._pace = start, pace
        self._models: list[CalibratedModel] = []
        self._numbers: list[int] = []
        self._skipped: list[Skipped] = []
        self._first_error: InputError | None = None
        self._probabilities = np.full((len(rows), len(CLASSES)), np.nan)
        self._no_skill = self._probabilities.copy()
        self._fold_of = np.full(len(rows), UNTESTED, dtype=np.int8)

    def go(self, folds: Sequence[tuple[int, tuple[Ints, Ints]]]) -> None:
        seen = np.full(len(self._rows), UNTESTED, dtype=np.int8)
        for number, (train, test) in folds:
            _refuse_overlap(number, train, test, seen)
            seen[test] = number
            try:
                model = self._model(number, train, test)
            except _SkippedFoldError as error:
                self._skip(number, error.cause)
                continue
            rows = self._rows
            self._probabilities[test] = model.predict_proba(
                rows.given(test), rows.columns
            )
            self._no_skill[test] = model.base_rates
            self._fold_of[test] = len(self._models)
            self._models.append(model)
            self._numbers.append(number)

    def ended(self) -> WalkForward:
        if not self._models and self._first_error is not None:
            raise self._first_error
        return WalkForward(
            models=tuple(self._models),
            probabilities=self._probabilities,
            no_skill=self._no_skill,
            fold=self._fold_of,
            skipped=tuple(self._skipped),
            numbers=tuple(self._numbers),
        )

    def _model(self, number: int, train: Ints, test: Ints) -> CalibratedModel:
        source = f"fold {number}"
        try:
            start = self._start(train, test, source)
            key = self._keeping.key(train, test, start)
            there = self._keeping.get(key)
            if there is None:
                model = self._fitted(number, train, test, start)
                self._keeping.put(key, model)
                return model
        except MissingClassError as error:
            raise _SkippedFoldError(located(error, source)) from error
        if self._pace is not None:
            self._pace.skip(number, "kept")
        return there

    def _fitted(
        self, number: int, train: Ints, test: Ints, start: Start | None
    ) -> CalibratedModel:
        rows = self._rows
        if rows.decision_ns[train].max(initial=0) >= rows.decision_ns[test].min():
            rows = rows.hiding(test)  # training on both sides of the test
        watched = Watched(number, self._pace)
        return fit_rows(
            rows, train, self._recipe, f"fold {number}", start=start, watched=watched
        )

    def _start(self, train: Ints, test: Ints, source: str) -> Start | None:
        """Find what a fold goes on from; a parent that saw its test is no start."""
        going = self._recipe.warm and bool(self._models)
        if not going and self._parent is None:
            return None
        parts = parts_of(self._rows, train, self._recipe)
        judged = np.concatenate([parts.held, parts.calibration, test])
        first_ns = int(self._rows.decision_ns[judged].min())
        if going:
            found = _going_on(self._rows, self._models[-1])
            fits = bool(np.isin(found.rows, train).all())
            return found if fits and found.until_ns < first_ns else None
        if self._parent is None or self._parent.until_ns < first_ns:
            return self._parent
        raise _SkippedFoldError(seen_error(self._parent, first_ns, source))

    def _skip(self, number: int, error: InputError) -> None:
        self._first_error = self._first_error or error
        self._skipped.append(Skipped(number, str(error)))
        if self._pace is not None:
            self._pace.skip(number, "skipped")


def _going_on(rows: Labelled, model: CalibratedModel) -> Start:
    """Go on from a model of these rows."""
    seen = np.union1d(np.union1d(model.model_rows, model.held_rows), model.start_rows)
    until_ns = int(rows.end_ns[seen].max())
    return Start(model.fitted, until_ns, seen, model.preparation)


def _refuse_overlap(
    fold: int, train: Ints, test: Ints, fold_of: NDArray[np.int8]
) -> None:
    both = np.intersect1d(train, test)
    again = test[fold_of[test] != UNTESTED]
    if len(both) or len(again):
        what = f"trains on and tests row {both[0]}" if len(both) else ""
        what = what or f"tests row {again[0]}, which an earlier fold tests"
        raise InputError(
            f"The splitter's fold {fold} {what}.",
            way_out="Use a splitter that tests each row once, outside its training.",
        )


class _SkippedFoldError(Exception):
    """A fold that cannot be fitted, without harm to the others."""

    def __init__(self, cause: InputError) -> None:
        self.cause = cause
        super().__init__(str(cause))
