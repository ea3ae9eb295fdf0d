"""How much columns matter to models, on rows that these models had not seen.

``permutation``: by how much the log loss of the calibrated forecast grows, in nats a
row, when the column's values are shuffled among the test rows of its fold; any model.
``shap``: the mean size of the column's exact Shapley value, over rows and classes, in
logits; boosted trees and votes of them. A column is shuffled with all of its past.

Both are means of one figure a row over the test rows of all folds, with an interval
from the stationary bootstrap: blocks of neighbouring rows, as long as labels overlap. A
column may help in truth and still have an interval that holds 0.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from tradeloop.errors import InputError
from tradeloop.models.base import CLASSES, Columns, Floats, Given, Ints
from tradeloop.models.boosting import FittedBoosting
from tradeloop.models.calibrated import CalibratedModel
from tradeloop.models.contributions import explain, is_exact
from tradeloop.models.sequences import Sequences
from tradeloop.models.training import WalkForward
from tradeloop.statistics import Interval

_LEAST_PROBABILITY = 1e-15


@dataclass(frozen=True, slots=True, eq=False)
class Importance:
    """Importance of columns by one measure.

    Parameters
    ----------
    measure : {"permutation", "shap"}
        See the module.
    columns : Columns
        Columns of the models.
    intervals : tuple of Interval
        Mean and its interval, one for each column.
    rows : int
        Test rows that were looked at.
    """

    measure: Literal["permutation", "shap"]
    columns: Columns
    intervals: tuple[Interval, ...]
    rows: int

    @property
    def values(self) -> Mapping[str, float]:
        """Mean of each column, by name."""
        pairs = zip(self.columns.names, self.intervals, strict=True)
        return {name: interval.value for name, interval in pairs}

    def top(self, count: int) -> tuple[tuple[str, Interval], ...]:
        """Columns that matter most, largest mean first, ties by their order."""
        pairs = list(zip(self.columns.names, self.intervals, strict=True))
        return tuple(sorted(pairs, key=lambda pair: -pair[1].value)[:count])

    def as_mapping(self) -> dict[str, Any]:
        """Give it as JSON."""
        return {
            "measure": self.measure,
            "rows": self.rows,
            "level": self.intervals[0].level,
            "columns": {
                name: {"value": i.value, "low": i.low, "high": i.high}
                for name, i in zip(self.columns.names, self.intervals, strict=True)
            },
        }


@dataclass(frozen=True, slots=True)
class Resampling:
    """How shuffles and intervals are drawn.

    Parameters
    ----------
    seed : int
        Seed of everything random.
    block_rows : int
        Mean length of a block, see `rows_per_block`.
    shuffles : int
        Of each column in each fold; their losses are averaged row by row.
    repeats : int
        Resamples of an interval.
    level : float
        Its coverage.
    """

    seed: int
    block_rows: int = 1
    shuffles: int = 3
    repeats: int = 500
    level: float = 0.95

    def __post_init__(self) -> None:
        counts = (self.block_rows, self.shuffles, self.repeats)
        if min(counts) < 1 or not 0 < self.level < 1:
            raise InputError(
                f"Resampling needs counts of 1 or more and 0 < level < 1, was {self}.",
                way_out="Correct the figure.",
                source="Resampling",
            )


def column_importance(
    walk: WalkForward, features: Given, direction: ArrayLike, resampling: Resampling
) -> Importance:
    """Measure by Shapley values where every model has exact ones, else by shuffling.

    Parameters and errors are those of `permutation_importance`.
    """
    if all(is_exact(model.fitted) for model in walk.models):
        return shap_importance(walk, features, resampling)
    return permutation_importance(walk, features, direction, resampling)


def permutation_importance(
    walk: WalkForward, features: Given, direction: ArrayLike, resampling: Resampling
) -> Importance:
    """Measure what shuffling each column costs on the test rows of its fold.

    Parameters
    ----------
    walk : WalkForward
        Models, and which fold tests which row.
    features : array of shape (n_rows, n_columns), or Sequences
        As the models were trained on, NaN where missing.
    direction : array of int of shape (n_rows,)
        What came.
    resampling : Resampling
        Seed and sizes.

    Raises
    ------
    InputError
        The rows are not those of the walk.
    """
    given = _rows_of(walk, features)
    what = np.asarray(direction, np.int64) - CLASSES[0]

    def of_fold(fold: int, model: CalibratedModel, rows: Ints) -> Floats:
        draw = np.random.default_rng([resampling.seed, fold])
        plain = _losses(model, given.of(rows), what[rows])
        found = np.zeros((len(rows), len(model.columns.names)))
        for column in range(found.shape[1]):
            orders = [draw.permutation(len(rows)) for _ in range(resampling.shuffles)]
            if _unused(model, column):
                continue
            for order in orders:
                shuffled = given.of(rows)
                shuffled[..., column] = shuffled[order, ..., column]
                found[:, column] += _losses(model, shuffled, what[rows]) - plain
        return found / resampling.shuffles

    return _measured("permutation", walk, of_fold, resampling)


def shap_importance(
    walk: WalkForward, features: Given, resampling: Resampling
) -> Importance:
    """Measure the mean size of each column's Shapley value on the test rows.

    Columns that a model's preparation dropped have 0. Parameters and errors are those
    of `permutation_importance`.

    Raises
    ------
    InputError
        A model has no exact values.
    """
    given = _rows_of(walk, features)

    def of_fold(_fold: int, model: CalibratedModel, rows: Ints) -> Floats:
        if not is_exact(model.fitted):
            raise InputError(
                f"Exact Shapley values are for boosted trees, not for a "
                f"{model.fitted.name}.",
                way_out="Use permutation_importance, which any model allows.",
                source="walk",
            )
        seen = model.inner(given.last(rows))
        found = np.zeros((len(rows), len(model.columns.names)))
        sizes = np.abs(explain(model.fitted, seen).values).mean(axis=1)
        found[:, _places(model)] = sizes
        return found

    return _measured("shap", walk, of_fold, resampling)


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Rows, or sequences, gathered only for the fold that is looked at."""

    values: Floats | Sequences

    def of(self, rows: Ints) -> Floats:
        """Return a copy of some rows, or of their sequences, as an array."""
        if isinstance(self.values, Sequences):
            return np.asarray(self.values.gather(rows), dtype=np.float64)
        return self.values[rows]

    def last(self, rows: Ints) -> Floats:
        """Return the rows themselves."""
        if isinstance(self.values, Sequences):
            return np.asarray(self.values.take(rows).last(), dtype=np.float64)
        return self.values[rows]


def _rows_of(walk: WalkForward, features: Given) -> _Rows:
    given: Floats | Sequences
    if isinstance(features, Sequences):
        given = features
    else:
        given = np.asarray(features, dtype=np.float64)
        if given.ndim == len(("rows", "steps", "columns")):
            given = Sequences.of(given)
    shape = (*given.shape[:1], *given.shape[-1:])
    wanted = (len(walk.fold), len(walk.models[0].columns.names))
    if shape != wanted:
        raise InputError(
            f"The walk was over rows of shape {wanted}, these have {given.shape}.",
            way_out="Pass the features that were walked over.",
            source="features",
        )
    return _Rows(given)


def _losses(model: CalibratedModel, values: Floats, classes: Ints) -> Floats:
    deep = values.ndim == len(("rows", "steps", "columns"))
    told = model.predict_proba(Sequences.of(values) if deep else values)
    chosen = told[np.arange(len(values)), classes]
    return np.asarray(-np.log(np.maximum(chosen, _LEAST_PROBABILITY)))


def _places(model: CalibratedModel) -> Ints:
    """Places of the columns that the estimators see."""
    if model.preparation is None:
        return np.arange(len(model.columns.names))
    return model.preparation.kept


def _unused(model: CalibratedModel, column: int) -> bool:
    """Whether shuffling a column changes no bit: nothing sees it, or no tree splits."""
    if column not in _places(model):
        return True
    fitted = model.fitted
    if not isinstance(fitted, FittedBoosting):
        return False
    return not fitted.importance()[model.columns.names[column]]


def _measured(
    measure: Literal["permutation", "shap"],
    walk: WalkForward,
    of_fold: Callable[[int, CalibratedModel, Ints], Floats],
    resampling: Resampling,
) -> Importance:
    columns = walk.models[0].columns
    figures = np.full((len(walk.fold), len(columns.names)), np.nan)
    for fold, model in enumerate(walk.models):
        rows = np.flatnonzero(walk.fold == fold)
        figures[rows] = of_fold(fold, model, rows)
    tested = figures[walk.tested]
    intervals = bootstrap_means(tested, resampling)
    return Importance(measure, columns, intervals, len(tested))


def bootstrap_means(rows: Floats, resampling: Resampling) -> tuple[Interval, ...]:
    """Mean of each column with its interval, all from the same resamples.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_columns)
        In time order; at least one row.
    resampling : Resampling
        Seed, blocks and level.

    References
    ----------
    Politis and Romano, The stationary bootstrap, 1994.
    """
    n = len(rows)
    draw = np.random.default_rng(resampling.seed)
    counts = np.empty((resampling.repeats, n))
    steps = np.arange(n)
    for repeat in range(resampling.repeats):
        fresh = draw.random(n) < 1 / resampling.block_rows
        fresh[0] = True
        begun = np.maximum.accumulate(np.where(fresh, steps, 0))
        places = (draw.integers(0, n, n)[begun] + steps - begun) % n
        counts[repeat] = np.bincount(places, minlength=n)
    means = counts @ rows / n
    tail = (1 - resampling.level) / 2
    low, high = np.quantile(means, (tail, 1 - tail), axis=0)
    return tuple(
        Interval(float(mean), float(least), float(most), resampling.level)
        for mean, least, most in zip(rows.mean(axis=0), low, high, strict=True)
    )
