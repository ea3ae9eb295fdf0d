"""Weights of rows whose labels share their prices.

Two labels over the same hour tell less than two over different hours. With ``c(t)`` the
number of label intervals that hold the time t, its concurrency, the uniqueness of row i
is the mean of ``1 / c(t)`` over its interval: 1 for a label that stands alone, 1/2 for
two that coincide.

Intervals are closed, ``[decision_ns, end_ns]``. Time is counted in one of two ways:

- by ticks: ``times_ns`` lists the times that count, such as the ends of the bars, and
  the mean goes over those inside of the interval, as in the book;
- continuously, when no times are given: the mean is an integral over the interval.

Weights sum to the number of rows: a mean weight is 1, and losses keep their size.

References
----------
Lopez de Prado, Advances in Financial Machine Learning (2018), chapter 4.
"""

import numpy as np
from numpy.typing import ArrayLike

from tradeloop.datasets.concurrency import Float, pieces, sum_between
from tradeloop.datasets.intervals import Rows, label_intervals
from tradeloop.errors import InputError


def _each(group: ArrayLike | None, n_rows: int) -> list[Rows]:
    """Rows of each group, or all rows."""
    if group is None:
        return [np.arange(n_rows)]
    keys = np.unique(np.asarray(group), return_inverse=True)[1]
    if keys.size != n_rows:
        raise InputError(
            f"There are {n_rows} label intervals and {keys.size} groups.",
            way_out="Give one group, such as the instrument, per row.",
            source="group",
        )
    order = np.argsort(keys, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(keys[order])) + 1)


def uniqueness(
    decision_ns: ArrayLike,
    end_ns: ArrayLike,
    *,
    times_ns: ArrayLike | None = None,
    group: ArrayLike | None = None,
) -> Float:
    """Mean of 1 / concurrency over each label interval, in n log n.

    Parameters
    ----------
    decision_ns, end_ns : array-like of int, shape (n_rows,)
        Label intervals, ns UTC, in any order.
    times_ns : array-like of int, shape (n_times,), optional
        Times that count, such as the ends of the bars.
    group : array-like, shape (n_rows,), optional
        Only labels of one group share prices; such as the instrument.

    Returns
    -------
    ndarray of float64, shape (n_rows,)
        Above 0 and at most 1.

    Raises
    ------
    InputError
        An interval ends before it starts or holds none of the times.
    """
    start, end = label_intervals(decision_ns, end_ns)
    unique = np.empty(start.size)
    for rows in _each(group, start.size):
        if rows.size:
            cut = pieces(start[rows], end[rows], times_ns)
            share = 1.0 / np.maximum(cut.concurrency(), 1)
            unique[rows] = np.minimum(cut.mean(share), 1.0)
    return unique


def to_sum(weights: ArrayLike) -> Float:
    """Scale weights so that they sum to their number.

    Parameters
    ----------
    weights : array-like of float, shape (n_rows,)
        At least 0, not all 0, none missing.

    Returns
    -------
    ndarray of float64, shape (n_rows,)

    Raises
    ------
    InputError
        A weight is below 0 or missing, or all are 0.
    """
    raw = np.asarray(weights, dtype=np.float64)
    if raw.size == 0:
        return raw
    total = raw.sum()
    if not (np.isfinite(total) and total > 0 and (raw >= 0).all()):
        raise InputError(
            f"Weights must be at least 0 and not all 0; their sum is {total} and the "
            f"least {raw.min()}.",
            way_out="Leave out rows without a weight.",
            source="weights",
        )
    scaled: Float = raw * (raw.size / total)
    return scaled


def uniqueness_weights(
    decision_ns: ArrayLike,
    end_ns: ArrayLike,
    *,
    times_ns: ArrayLike | None = None,
    group: ArrayLike | None = None,
) -> Float:
    """Uniqueness as weights that sum to the number of rows; see `uniqueness`."""
    return to_sum(uniqueness(decision_ns, end_ns, times_ns=times_ns, group=group))


def linear_decay(
    decision_ns: ArrayLike, unique: ArrayLike, *, oldest: float = 1.0
) -> Float:
    """Weight that grows by a line with the uniqueness gathered so far; newest has 1.

    With x the uniqueness of all rows decided up to a row and X that of all rows,

    - 0 <= oldest <= 1: ``oldest + (1 - oldest) x / X``, which is ``oldest`` at x = 0;
    - -1 < oldest < 0: ``max(0, 1 - (1 - x / X) / (1 + oldest))``, which is 0 for the
      oldest share ``-oldest`` of the uniqueness.

    Rows that repeat each other age together: that is why x and not the time counts.

    Parameters
    ----------
    decision_ns : array-like of int, shape (n_rows,)
        Decisions, ns UTC, in any order; equal times get equal weights.
    unique : array-like of float, shape (n_rows,)
        `uniqueness` of the rows.
    oldest : float
        Weight at x = 0, or minus the share that is forgotten; 1 is no decay.

    Returns
    -------
    ndarray of float64, shape (n_rows,)
        0 to 1; multiply with other weights, then `to_sum`.

    References
    ----------
    Lopez de Prado (2018), section 4.7.
    """
    start = label_intervals(decision_ns, decision_ns)[0]
    if not -1 < oldest <= 1:
        raise InputError(
            f"oldest must lie above -1 and at most at 1, was {oldest}.",
            way_out="0.5 halves the weight of the oldest rows; -0.2 forgets a fifth.",
            source="oldest",
        )
    share = np.asarray(unique, dtype=np.float64)
    if share.shape != start.shape or not (share > 0).all():
        raise InputError(
            f"Give one uniqueness above 0 per row; there are {start.size} rows.",
            way_out="Pass what uniqueness returned for these rows.",
            source="unique",
        )
    if start.size == 0:
        return share
    order = np.argsort(start, kind="stable")
    ordered = start[order]
    gathered = np.cumsum(share[order])
    gathered = gathered[np.searchsorted(ordered, ordered, side="right") - 1]
    age = 1.0 - gathered / gathered[-1]
    slope = 1.0 - oldest if oldest >= 0 else 1.0 / (1.0 + oldest)
    weight = np.empty(start.size)
    weight[order] = np.maximum(0.0, 1.0 - slope * age)
    return weight


def exponential_decay(decision_ns: ArrayLike, *, half_life_ns: int) -> Float:
    """Weight that halves every ``half_life_ns`` before the newest decision.

    ``0.5 ** ((newest - decision_ns) / half_life_ns)``.

    Parameters
    ----------
    decision_ns : array-like of int, shape (n_rows,)
        Decisions, ns UTC, in any order.
    half_life_ns : int
        Above 0.

    Returns
    -------
    ndarray of float64, shape (n_rows,)
        Above 0 (or 0 once it underflows) to 1; the newest row has 1.
    """
    start = label_intervals(decision_ns, decision_ns)[0]
    if half_life_ns <= 0:
        raise InputError(
            f"half_life_ns must be above 0, was {half_life_ns}.",
            way_out="Give ns in which a row's weight halves.",
            source="half_life_ns",
        )
    if start.size == 0:
        return np.empty(0)
    weight: Float = np.exp2(-((start.max() - start) / half_life_ns))
    return weight


def return_attribution(
    decision_ns: ArrayLike,
    end_ns: ArrayLike,
    times_ns: ArrayLike,
    prices: ArrayLike,
    *,
    from_first: bool = False,
) -> Float:
    """Weight by the absolute log return that only this row can be credited with.

    ``w_i = |sum over t of r_t / c_t|`` with ``r_t = ln(p_t / p_{t-1})`` and ``c_t`` the
    concurrency at t, over the ticks t of the label interval; scaled to sum to n. The
    tick at which the interval begins counts for the concurrency, but its return was
    made before the decision and is left out. The book's own sum takes it in:
    ``from_first=True``.

    Parameters
    ----------
    decision_ns, end_ns : array-like of int, shape (n_rows,)
        Label intervals of one instrument, ns UTC, in any order.
    times_ns : array-like of int, shape (n_times,)
        Times of the prices, ascending, each once.
    prices : array-like of float, shape (n_times,)
        Above 0.
    from_first : bool
        Take in the return into the first tick.

    Returns
    -------
    ndarray of float64, shape (n_rows,)

    Raises
    ------
    InputError
        Times are not ascending, a price is missing or not above 0, an interval holds no
        time, or no price moved at all.

    References
    ----------
    Lopez de Prado (2018), section 4.6.
    """
    start, end = label_intervals(decision_ns, end_ns)
    times = label_intervals(times_ns, times_ns)[0]
    price = np.asarray(prices, dtype=np.float64)
    if price.shape != times.shape or (np.diff(times) <= 0).any():
        raise InputError(
            f"Give one price per time, times ascending; there are {times.size} times "
            f"and {price.size} prices.",
            way_out="Sort the prices of one instrument by time, each time once.",
            source="prices",
        )
    if not (price > 0).all():
        raise InputError(
            "A price is missing or not above 0.",
            way_out="Leave out times without a price.",
            source="prices",
            row=int(np.flatnonzero(~(price > 0))[0]),
        )
    cut = pieces(start, end, times)
    made = np.diff(np.log(price), prepend=np.log(price[:1]))
    first = cut.first if from_first else np.searchsorted(times, start, side="right")
    share = made / np.maximum(cut.concurrency(), 1)
    return to_sum(np.abs(sum_between(share, first, cut.last)))
