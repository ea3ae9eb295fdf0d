"""Statistics of order under weights: area under the ROC curve, rank correlation.

A weight says how often a row counts, so a bootstrap resample is a row of weights and is
measured without sorting again: the rows are sorted once.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.errors import InputError
from tradeloop.statistics.samples import Floats, finite_rows

Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Sorted:
    """Rows in the order of a value, with the places at which a new value begins.

    Parameters
    ----------
    order : ndarray of shape (n_rows,)
        Row at each place, lowest value first.
    starts : ndarray of shape (n_values,)
        First place of each value.
    sizes : ndarray of shape (n_values,)
        Rows of each value.
    """

    order: Places
    starts: Places
    sizes: Places

    @classmethod
    def by(cls, values: Floats) -> "Sorted":
        """Sort rows by a value."""
        order = np.argsort(values, kind="stable")
        turns = np.flatnonzero(np.diff(values[order])) + 1
        starts = np.concatenate([[0], turns])
        return cls(order, starts, np.diff(starts, append=len(values)))

    @property
    def tied(self) -> bool:
        """Whether two rows have the same value."""
        return len(self.starts) < len(self.order)

    def sums(self, weights: Floats) -> Floats:
        """Weight of each value, of weights of shape (n_rows,) by place."""
        return np.add.reduceat(weights, self.starts) if self.tied else weights

    def ranks(self, weights: Floats) -> Floats:
        """Mid-rank of each place: the weight below plus half that of its value."""
        held = self.sums(weights)
        middle = np.cumsum(held)
        middle -= held / 2
        return np.repeat(middle, self.sizes) if self.tied else middle


@dataclass(frozen=True, slots=True, eq=False)
class AreaUnderCurve:
    """Chance that a positive row has the higher score than a negative one; ties half.

    Parameters
    ----------
    places : Sorted
        Rows by score; perhaps only some of the rows.
    positive : ndarray of shape (n_places,)
        1 where the row is positive, else 0, by place.

    References
    ----------
    Hanley and McNeil (1982), Radiology 143, 29-36 (Mann-Whitney form).
    """

    places: Sorted
    positive: Floats

    @classmethod
    def of(
        cls,
        scores: Floats,
        positive: NDArray[np.bool_],
        among: NDArray[np.bool_] | None = None,
    ) -> "AreaUnderCurve":
        """Prepare rows; only those ``among`` which the area is asked for, if given."""
        rows = np.arange(len(scores)) if among is None else np.flatnonzero(among)
        places = Sorted.by(scores[rows])
        places = replace(places, order=rows[places.order])
        return cls(places, positive[places.order].astype(np.float64))

    @property
    def values(self) -> int:
        """Number of different scores."""
        return len(self.places.starts)

    def columns(self, rows: int) -> Floats:
        """Columns whose means are enough for `of_means`, of (rows, 2 values)."""
        found = np.zeros((rows, 2 * self.values))
        value = np.repeat(np.arange(self.values), self.places.sizes)
        found[self.places.order, value] = self.positive
        found[self.places.order, self.values + value] = 1 - self.positive
        return found

    def of_means(self, means: Floats) -> Floats:
        """Area from the means of `columns`, of shape (n_resamples, 2 values)."""
        up, down = means[:, : self.values], means[:, self.values :]
        wins = (up * (np.cumsum(down, axis=1) - down / 2)).sum(axis=1)
        pairs = up.sum(axis=1) * down.sum(axis=1)
        there = pairs > 0
        return np.where(there, wins / np.where(there, pairs, 1.0), np.nan)

    def __call__(self, weights: Floats) -> Floats:
        """Area per row of weights; NaN where a class has none.

        Parameters
        ----------
        weights : ndarray of shape (n_resamples, n_rows)

        Returns
        -------
        ndarray of shape (n_resamples,)
        """
        # Row by row, so that what is in work stays in the processor's cache.
        return np.array([self._one(each) for each in weights])

    def _one(self, weights: Floats) -> float:
        ordered = weights[self.places.order]
        up = ordered * self.positive
        ordered -= up
        up, down = self.places.sums(up), self.places.sums(ordered)
        below = np.cumsum(down)
        pairs = float(up.sum()) * float(below[-1])
        if not pairs:
            return float("nan")
        wins = up @ below - up @ down / 2
        return float(wins / pairs)


@dataclass(frozen=True, slots=True, eq=False)
class RankCorrelation:
    """Spearman's rank correlation with mid-ranks for equal values.

    Parameters
    ----------
    one : Sorted
        Rows by one value.
    other : Sorted
        Places of ``one`` by the other value.

    References
    ----------
    Spearman (1904), American Journal of Psychology 15.
    """

    one: Sorted
    other: Sorted

    @classmethod
    def of(cls, one: Floats, other: Floats) -> "RankCorrelation":
        """Prepare rows."""
        first = Sorted.by(one)
        return cls(first, Sorted.by(other[first.order]))

    def __call__(self, weights: Floats) -> Floats:
        """Correlation per row of weights; NaN where a value does not vary.

        Parameters
        ----------
        weights : ndarray of shape (n_resamples, n_rows)

        Returns
        -------
        ndarray of shape (n_resamples,)
        """
        return np.array([self._one(each) for each in weights])

    def _one(self, weights: Floats) -> float:
        ordered = weights[self.one.order]
        middle = float(ordered.sum()) / 2
        one = self.one.ranks(ordered) - middle
        other = np.empty_like(one)
        other[self.other.order] = self.other.ranks(ordered[self.other.order])
        other -= middle
        heavy = ordered * one
        both, squares = heavy @ other, heavy @ one
        squares *= (ordered * other) @ other
        return float(both / np.sqrt(squares)) if squares > 0 else float("nan")


def roc_auc(scores: ArrayLike, positive: ArrayLike) -> float:
    """Area under the ROC curve; 1/2 is no skill.

    Parameters
    ----------
    scores : array_like of shape (n_rows,)
        Higher for rows that are thought positive.
    positive : array_like of bool of shape (n_rows,)
        What came; both must occur.

    Raises
    ------
    InputError
        A score is not finite, the lengths differ, or one class is absent.
    """
    values = finite_rows(scores, name="scores", at_least=2)
    came = np.asarray(positive, dtype=np.bool_)
    if came.shape != values.shape or came.all() or not came.any():
        raise InputError(
            f"An area needs one class per score and both classes; had {came.shape} "
            f"classes for {values.shape} scores, {int(came.sum())} positive.",
            way_out="Take more rows.",
            source="positive",
        )
    return float(AreaUnderCurve.of(values, came)(np.ones((1, len(values))))[0])


def rank_correlation(one: ArrayLike, other: ArrayLike) -> float:
    """Spearman's rank correlation, mid-ranks for equal values; NaN without variation.

    Raises
    ------
    InputError
        A value is not finite or the lengths differ.
    """
    first = finite_rows(one, name="one", at_least=2)
    second = finite_rows(other, name="other", at_least=2)
    if first.shape != second.shape:
        raise InputError(
            f"A correlation needs as many of either, had {len(first)} and "
            f"{len(second)}.",
            way_out="Give pairs.",
            source="other",
        )
    found = RankCorrelation.of(first, second)(np.ones((1, len(first))))
    return float(found[0])
