"""A model with its calibration, fitted on rows that are cut in time.

1. The estimators learn on the first part of the rows, the calibration on the rest; a
   part between them decides when to stop early, where the recipe holds rows back.
2. Rows of a part whose label ends at or after the next cut are dropped: their outcome
   would be known to both.
3. The base rates of all parts are what the calibration falls back to.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from tradeloop.errors import InputError
from tradeloop.models.base import Columns, Fitted, Floats, Given, Ints
from tradeloop.models.calibration import Calibration, fit_calibration
from tradeloop.models.conformal import Conformal, fit_conformal
from tradeloop.models.labelled import (
    Labelled,
    cut_in_time,
    labelled,
    with_further,
    with_sequences,
)
from tradeloop.models.matrix import as_float32, class_shares
from tradeloop.models.members import (
    MissingClassError,
    Parts,
    Watched,
    fit_members,
    parts_of,
)
from tradeloop.models.preparation import Prepared, prepare
from tradeloop.models.recipe import Recipe
from tradeloop.models.sequences import Sequences

__all__ = [
    "CalibratedModel",
    "Recipe",
    "Start",
    "cut_in_time",
    "fit_calibrated",
    "fit_rows",
]


def _no_rows() -> Ints:
    return np.empty(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class CalibratedModel:
    """A fitted model with its calibration and the rows of both.

    Parameters
    ----------
    fitted : Fitted
        The estimator, or the `Vote` of several.
    calibration : Calibration
        Its calibration.
    base_rates : ndarray of shape (3,)
        Shares of the classes in the rows of all parts.
    model_rows, calibration_rows : ndarray of int64
        Sorted row numbers.
    held_rows : ndarray of int64
        Rows that decided when to stop.
    conformal : Conformal, optional
        Sets of classes, fitted on the calibration rows.
    preparation : Prepared, optional
        Which columns ``fitted`` sees; decided on the model rows.
    vote_rows : ndarray of int64
        Rows that decided the weights of the vote.
    start_rows : ndarray of int64
        Rows that the model it went on from may have learned from.
    """

    fitted: Fitted
    calibration: Calibration
    base_rates: Floats
    model_rows: Ints
    calibration_rows: Ints
    held_rows: Ints = field(default_factory=_no_rows)
    conformal: Conformal | None = None
    preparation: Prepared | None = None
    vote_rows: Ints = field(default_factory=_no_rows)
    start_rows: Ints = field(default_factory=_no_rows)

    @property
    def columns(self) -> Columns:
        """Columns that it takes; ``fitted`` may see fewer."""
        prepared = self.preparation
        return self.fitted.columns if prepared is None else prepared.columns

    def inner(self, features: Given) -> Given:
        """Return what ``fitted`` sees of the features: the columns that were kept.

        Raises
        ------
        InputError
            Another number of columns, or an infinite value.
        """
        if self.preparation is None:
            return features
        kept = self.preparation.kept
        if isinstance(features, Sequences):
            values = as_float32(features.values, self.columns)[:, kept]
            return Sequences(np.ascontiguousarray(values), features.places)
        return np.ascontiguousarray(as_float32(features, self.columns)[:, kept])

    def raw(self, features: Given, columns: Columns | None = None) -> Floats:
        """Probability of each class before the calibration, of shape (n_rows, 3)."""
        if columns is not None:
            self.columns.refuse_other(columns)
        return self.fitted.predict_proba(self.inner(features))

    def predict_proba(self, features: Given, columns: Columns | None = None) -> Floats:
        """Calibrated probability of each class, of shape (n_rows, 3)."""
        return self.calibration.apply(self.raw(features, columns))


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """A model to go on from, and what it had seen.

    Parameters
    ----------
    fitted : Fitted
        The model, or the vote; its members go on one by one.
    until_ns : int
        When the last label that it learned from was known, ns UTC.
    rows : ndarray of int64
        Rows that it may have learned from, of those that it goes on with.
    preparation : Prepared, optional
        Its columns, which stay.
    """

    fitted: Fitted
    until_ns: int
    rows: Ints
    preparation: Prepared | None = None


def fit_calibrated(  # noqa: PLR0913  # all that a fit rests on, by name
    features: ArrayLike,
    direction: ArrayLike,
    decision_ns: ArrayLike,
    end_ns: ArrayLike,
    *,
    recipe: Recipe | None = None,
    columns: Columns | None = None,
    weight: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    further: ArrayLike | None = None,
    start: Start | None = None,
) -> CalibratedModel:
    """Fit one model on all rows, cut in time as a fold is: the model to be served.

    Parameters and errors are those of `tradeloop.models.training.walk_forward`, without
    a splitter.
    """
    recipe = recipe or Recipe()
    rows = labelled(features, direction, decision_ns, end_ns, columns, weight)
    rows = with_further(with_sequences(rows, groups, recipe.steps), further)
    return fit_rows(rows, np.arange(len(rows)), recipe, "all rows", start=start)


def fit_rows(
    rows: Labelled,
    train: Ints,
    recipe: Recipe,
    source: str,
    *,
    start: Start | None = None,
    watched: Watched | None = None,
) -> CalibratedModel:
    """Fit on the rows ``train``, cut in time.

    Parameters
    ----------
    rows : Labelled
        All rows.
    train : ndarray of int64
        Row numbers that may be learned from.
    recipe : Recipe
        How to fit.
    source : str
        Name of these rows in errors, such as ``fold 0``.
    start : Start, optional
        What to go on from.
    watched : Watched, optional
        Who hears of each fit.

    Raises
    ------
    InputError
        Too few rows, a class without rows, or constant features; or ``start`` had
        seen what stops or calibrates.
    """
    try:
        return _fit_parts(
            rows, parts_of(rows, train, recipe), recipe, start, watched or Watched()
        )
    except InputError as error:
        raise located(error, source) from error


def located(error: InputError, source: str) -> InputError:
    """Return the error with the name of the rows that it is about."""
    kind = type(error) if isinstance(error, MissingClassError) else InputError
    return kind(
        error.message, way_out=error.way_out, source=source, column=error.column
    )


def _fit_parts(
    rows: Labelled,
    parts: Parts,
    recipe: Recipe,
    start: Start | None,
    watched: Watched,
) -> CalibratedModel:
    _refuse_seen(rows, np.union1d(parts.held, parts.calibration), start)
    prepared = _prepared(rows, parts, recipe, start)
    seen = rows if prepared is None else rows.narrowed(prepared.kept, prepared.inner)
    fitted, voted = fit_members(
        seen, parts, recipe, None if start is None else start.fitted, watched
    )
    base_rates = class_shares(rows.classes[parts.all])
    last = parts.calibration
    told = fitted.predict_proba(seen.given(last), seen.columns)
    direction = rows.direction(last)
    calibration = fit_calibration(
        told,
        direction,
        rows.weight[last],
        base_rates=base_rates,
        ridge=recipe.ridge,
        kind=recipe.calibration,
    )
    level = recipe.conformal_level
    return CalibratedModel(
        fitted=fitted,
        calibration=calibration,
        base_rates=base_rates,
        model_rows=parts.model,
        calibration_rows=last,
        held_rows=parts.held,
        conformal=None if level is None else _sets(rows, last, told, recipe),
        preparation=prepared,
        vote_rows=voted,
        start_rows=_no_rows() if start is None else start.rows,
    )


def _sets(rows: Labelled, last: Ints, told: Floats, recipe: Recipe) -> Conformal:
    """Fit conformal sets on the calibration rows, each calibrated by the other half.

    A row that helped to fit the calibration would look likelier than a new one.
    """
    halves = cut_in_time(rows.decision_ns, rows.end_ns, last, 0.5)
    direction, weight = rows.direction(last), rows.weight[last]
    level = recipe.conformal_level or 0.0
    if not min(map(len, halves)):
        return Conformal(quantile=1.0, level=level, rows=0)  # excludes nothing
    scored = []
    for mine, other in (halves, halves[::-1]):
        fitting, judged = np.searchsorted(last, other), np.searchsorted(last, mine)
        calibration = fit_calibration(
            told[fitting],
            direction[fitting],
            weight[fitting],
            ridge=recipe.ridge,
            kind=recipe.calibration,
        )
        scored.append((calibration.apply(told[judged]), direction[judged]))
    chances, came = (np.concatenate(each) for each in zip(*scored, strict=True))
    return fit_conformal(chances, came, level)


def _prepared(
    rows: Labelled, parts: Parts, recipe: Recipe, start: Start | None
) -> Prepared | None:
    """Choose the columns; a model that goes on keeps those that it has."""
    if start is not None:
        return start.preparation
    if recipe.preparation is None:
        return None
    first = parts.model
    return prepare(
        rows.features[first],
        rows.classes[first],
        rows.weight[first],
        rows.columns,
        recipe.preparation,
    )


def _refuse_seen(rows: Labelled, judged: Ints, start: Start | None) -> None:
    """Raise where the model to go on from had seen what stops or calibrates."""
    if start is None or not len(judged):
        return
    first_ns = int(rows.decision_ns[judged].min())
    if start.until_ns >= first_ns:
        raise seen_error(start, first_ns)


def seen_error(start: Start, first_ns: int, source: str = "") -> InputError:
    """Say that a model to go on from had seen what is to judge it."""
    return InputError(
        f"The model to go on from had learned from labels known at {start.until_ns}, "
        f"and rows decided from {first_ns} on are to judge it.",
        way_out="Take newer rows, or train anew.",
        source=source,
        column="decision_ns",
    )
