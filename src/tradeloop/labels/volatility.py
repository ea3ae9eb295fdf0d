"""Volatility at a decision, of the prices that were known at it and no others.

Bars
    The last ``n`` log returns of closes, up to the row of the price at the decision:
    ``sigma = std(r, ddof 1) * sqrt(horizon / median interval)``, with the median over
    the intervals between the ends of these rows. A horizon counts as many rows as it
    holds intervals, whether the market is open or not.
Ticks
    Mids on a grid of ``n`` steps that ends at the decision and begins one horizon
    before it; at each point the last mid received by then.
    ``sigma = std(r, ddof 1) * sqrt(horizon / step)``, with step ``horizon // n``.

It is a fraction of the price, not a number of bps. NaN where there are fewer than ``n``
returns, and where the price did not move: barriers of no width say nothing.
"""

import numpy as np
from numpy.typing import NDArray

from tradeloop.fold import compiled
from tradeloop.labels.base import Floats, PricePath, Times

Rows = NDArray[np.intp]

_STILL = 1e-12  # rounding of returns that are all the same, no movement


@compiled
def _deviation(values: Floats) -> float:
    """Take the standard deviation with ddof 1, NaN where nothing moves."""
    mean = 0.0
    for value in values:
        mean += value
    mean /= values.shape[0]
    squares = 0.0
    for value in values:
        squares += (value - mean) * (value - mean)
    found = np.sqrt(squares / (values.shape[0] - 1))
    return float(found) if found > _STILL else np.nan


@compiled
def _middle(intervals: Times) -> float:
    """Median; where one value has the majority it is that, found without sorting."""
    guess, votes = intervals[0], 0
    for interval in intervals:
        if votes == 0:
            guess = interval
        votes += 1 if interval == guess else -1
    count = 0
    for interval in intervals:
        count += interval == guess
    if 2 * count > intervals.shape[0]:
        return float(guess)
    ordered = np.sort(intervals)
    half = ordered.shape[0] // 2
    if ordered.shape[0] % 2:
        return float(ordered[half])
    return float(ordered[half - 1] + ordered[half]) / 2


@compiled
def _of_rows(
    returns: Floats, intervals: Times, last_row: Rows, rows: int
) -> tuple[Floats, Floats]:
    """Deviation of the returns up to each row, and the middle of their intervals."""
    deviation = np.full(last_row.shape, np.nan)
    middle = np.full(last_row.shape, np.nan)
    for k in range(last_row.shape[0]):
        first = last_row[k] - rows
        if first >= 0:
            deviation[k] = _deviation(returns[first : last_row[k]])
            middle[k] = _middle(intervals[first : last_row[k]])
    return deviation, middle


@compiled
def _on_grid(
    time_ns: Times, price: Floats, end_ns: Times, step_ns: int, rows: int
) -> Floats:
    """Deviation of the returns on the grid that ends at each time."""
    deviation = np.full(end_ns.shape, np.nan)
    returns = np.empty(rows)
    for k in range(end_ns.shape[0]):
        begin = end_ns[k] - rows * step_ns
        row = np.searchsorted(time_ns, begin, side="right") - 1
        if row < 0:
            continue
        for j in range(rows):
            reached = begin + (j + 1) * step_ns
            after = row + np.searchsorted(time_ns[row:], reached, side="right") - 1
            returns[j] = np.log(price[after] / price[row])
            row = after
        deviation[k] = _deviation(returns)
    return deviation


def row_volatility(path: PricePath, last_row: Rows, *, rows: int) -> Floats:
    """Take the standard deviation of the last log returns, not scaled to a horizon.

    Parameters
    ----------
    path : PricePath
        Prices.
    last_row : ndarray of shape (n,)
        Last row that may be used; -1 gives NaN. ``numpy.arange(len(path))`` gives a
        series for `labels.cusum.cusum_events`.
    rows : int
        Returns, at least 2.

    Returns
    -------
    ndarray of shape (n,)
        As a fraction of the price; NaN while there are too few rows, or no movement.
    """
    return _deviations(path, last_row, rows)[0]


def _deviations(path: PricePath, last_row: Rows, rows: int) -> tuple[Floats, Floats]:
    # The ratio comes first: a price in another currency has the same to the bit.
    returns = np.log(path.price[1:] / path.price[:-1])
    found: tuple[Floats, Floats] = _of_rows(
        returns, np.diff(path.time_ns), last_row.astype(np.intp), rows
    )
    return found


def volatility_at(
    path: PricePath,
    entry_row: Rows,
    decision_ns: Times,
    *,
    horizon_ns: int,
    rows: int,
) -> Floats:
    """Volatility over the horizon as known at each decision; formula in the module.

    Parameters
    ----------
    path : PricePath
        Prices of the instrument.
    entry_row : ndarray of shape (n,)
        Last row that was known at each decision, -1 where there was none.
    decision_ns : ndarray of shape (n,)
        ns UTC.
    horizon_ns : int
        That it is scaled to.
    rows : int
        Returns that it is taken from, at least 2.

    Returns
    -------
    ndarray of shape (n,)
        As a fraction of the price; NaN where it is not known.
    """
    if path.kind == "tick":
        step = max(horizon_ns // rows, 1)
        found: Floats = _on_grid(path.time_ns, path.price, decision_ns, step, rows)
        found *= np.sqrt(horizon_ns / step)
        return np.where(entry_row >= 0, found, np.nan)
    deviation, middle = _deviations(path, entry_row, rows)
    return deviation * np.sqrt(horizon_ns / middle)


def first_row_used(
    path: PricePath,
    entry_row: Rows,
    decision_ns: Times,
    *,
    horizon_ns: int,
    rows: int,
) -> Rows:
    """First row that the volatility of each decision is taken from, at least 0.

    Whoever drops old prices keeps those from here on.

    Parameters
    ----------
    path, entry_row, decision_ns, horizon_ns, rows
        As in `volatility_at`.

    Returns
    -------
    ndarray of shape (n,)
    """
    if path.kind == "bar":
        return np.maximum(entry_row - rows, 0)
    begin = decision_ns - rows * max(horizon_ns // rows, 1)
    return np.maximum(np.searchsorted(path.time_ns, begin, side="right") - 1, 0)
