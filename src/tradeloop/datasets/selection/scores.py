"""What each column tells of the class, by several measures, and how they are joined."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradeloop.datasets.selection.information import (
    information_gain,
    mutual_information,
)
from tradeloop.datasets.selection.stability import ranked, stability
from tradeloop.fold import Float

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Measures of columns, each of shape (n_columns,).

    Parameters
    ----------
    mutual_information, information_gain : ndarray
        Nats.
    correlation_with_outcome : ndarray
        Pearson correlation with the class number; 0 where the column does not vary.
    stability : ndarray
        Of the rank by mutual information over periods, see `Stability`.
    order_stability : float
        Mean rank correlation of two periods.
    given : mapping of str to ndarray
        Importance that came from elsewhere, such as ``permutation`` and ``shap``; NaN
        where a column has none.
    relevance : ndarray
        Mean over mutual information, information gain and what was given of the rank's
        share, 0 to 1; a column without one of them is ranked by the others.
    """

    mutual_information: Float
    information_gain: Float
    correlation_with_outcome: Float
    stability: Float
    order_stability: float
    given: Mapping[str, Float]
    relevance: Float

    def of(self, column: int) -> dict[str, float]:
        """Return all measures of one column; what it has none of is absent."""
        told = {
            "mutual_information": self.mutual_information[column],
            "information_gain": self.information_gain[column],
            "correlation_with_outcome": self.correlation_with_outcome[column],
            "stability": self.stability[column],
            "relevance": self.relevance[column],
            **{name: values[column] for name, values in self.given.items()},
        }
        return {name: float(value) for name, value in told.items() if value == value}


def score(
    values: Float,
    classes: Ints,
    names: Sequence[str],
    *,
    periods: int,
    importance: Mapping[str, Mapping[str, float]],
) -> Scores:
    """Measure columns.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
        Training rows in time order, NaN where missing.
    classes : ndarray of int64 of shape (n_rows,)
        What came.
    names : sequence of str
        Names of the columns.
    periods : int
        Parts that the stability compares.
    importance : mapping of str to mapping of str to float
        Measure to the importance of each column.
    """
    told = np.array([_information(column, classes) for column in values.T])
    told = told.reshape(-1, 2)
    parts = np.array_split(np.arange(len(values)), periods)
    by_period = np.array(
        [[_information(x[p], classes[p])[0] for x in values.T] for p in parts]
    )
    given = {
        measure: np.array([found.get(name, np.nan) for name in names])
        for measure, found in importance.items()
    }
    steady = stability(by_period.reshape(periods, -1))
    return Scores(
        mutual_information=told[:, 0],
        information_gain=told[:, 1],
        correlation_with_outcome=np.array([_slope(x, classes) for x in values.T]),
        stability=steady.of_columns,
        order_stability=steady.of_order,
        given=given,
        relevance=_joined([told[:, 0], told[:, 1], *given.values()]),
    )


def _information(x: Float, classes: Ints) -> tuple[float, float]:
    known = np.isfinite(x)
    x, classes = x[known], classes[known]
    return mutual_information(x, classes), information_gain(x, classes)


def _slope(x: Float, classes: Ints) -> float:
    known = np.isfinite(x)
    x, y = x[known], classes[known].astype(np.float64)
    if len(x) == 0 or x.min() == x.max() or y.min() == y.max():
        return 0.0
    return float(np.clip(np.corrcoef(x, y)[0, 1], -1.0, 1.0))


def _joined(measures: Sequence[Float]) -> Float:
    shares = np.full((len(measures), len(measures[0])), np.nan)
    for at, values in enumerate(measures):
        there = np.isfinite(values)
        shares[at, there] = ranked(values[there]) / max(1, int(there.sum()))
    return np.asarray(np.nanmean(shares, axis=0))
