"""Correlation of a forecast with what came, date by date over the instruments."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.errors import InputError
from tradeloop.statistics.ordering import Sorted
from tradeloop.statistics.samples import Floats, at_least, finite_rows

Groups = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class DatedCorrelations:
    """Correlations of the dates that have enough rows.

    Parameters
    ----------
    date : ndarray of shape (n_dates,)
        Dates, ascending.
    rows : ndarray of int of shape (n_dates,)
        Rows of each.
    ic : ndarray of shape (n_dates,)
        Pearson's correlation.
    rank_ic : ndarray of shape (n_dates,)
        Spearman's, with mid-ranks.
    left_out : int
        Dates with fewer rows, or on which forecast or outcome did not vary.
    """

    date: NDArray[np.generic]
    rows: NDArray[np.int64]
    ic: Floats
    rank_ic: Floats
    left_out: int


def dated_correlations(
    forecast: ArrayLike, outcome: ArrayLike, date: ArrayLike, *, least_rows: int = 5
) -> DatedCorrelations:
    """Correlate forecast and outcome within each date.

    Parameters
    ----------
    forecast, outcome : array_like of shape (n_rows,)
        Such as edge and return; finite.
    date : array_like of shape (n_rows,)
        What rows are taken together by, such as the decision time.
    least_rows : int
        Fewest rows of a date, at least 2.

    Raises
    ------
    InputError
        A value is not finite or the lengths differ.

    References
    ----------
    Grinold and Kahn, Active Portfolio Management (2000), chapter 6.
    """
    values = [
        finite_rows(each, name=name, at_least=1)
        for each, name in ((forecast, "forecast"), (outcome, "outcome"))
    ]
    dates, group = np.unique(np.asarray(date), return_inverse=True)
    if len({len(group), *(len(each) for each in values)}) > 1:
        raise InputError(
            f"Forecast, outcome and date must have one length, had {len(values[0])}, "
            f"{len(values[1])} and {len(group)}.",
            way_out="Give one of each per row.",
        )
    rows = np.bincount(group)
    plain = _correlations(values[0], values[1], group)
    ranks = [_ranks(each, group) for each in values]
    ranked = _correlations(ranks[0], ranks[1], group)
    used = (rows >= at_least(least_rows, 2, name="least_rows")) & np.isfinite(plain)
    return DatedCorrelations(
        date=dates[used],
        rows=rows[used].astype(np.int64),
        ic=plain[used],
        rank_ic=ranked[used],
        left_out=int((~used).sum()),
    )


def _ranks(values: Floats, group: Groups) -> Floats:
    """Mid-rank of each row within its group."""
    distinct, number = np.unique(values, return_inverse=True)
    by = Sorted.by((group * len(distinct) + number).astype(np.float64))
    found = np.empty(len(values))
    found[by.order] = by.ranks(np.ones(len(values)))
    return found


def _correlations(one: Floats, other: Floats, group: Groups) -> Floats:
    """Pearson's correlation per group; NaN where a value does not vary."""
    rows = np.bincount(group)
    off = [each - (np.bincount(group, each) / rows)[group] for each in (one, other)]
    both = np.bincount(group, off[0] * off[1])
    squares = [np.bincount(group, each**2) for each in off]
    # Equal values leave squares of rounding errors, not of exactly 0.
    least = [1e-24 * np.bincount(group, each**2) for each in (one, other)]
    varies = (squares[0] > least[0]) & (squares[1] > least[1])
    with np.errstate(invalid="ignore", divide="ignore"):
        found = both / np.sqrt(squares[0] * squares[1])
    return np.where(varies, found, np.nan)
