"""Loops over the past of a row: medians, deviations and spells of a moving window.

The window is kept sorted, so that a row costs a few moves and no sort. Each loop
begins anew at the first row of an instrument and looks at nothing behind its row. They
stand in one file because the compiler's cache watches one file per loop.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradeloop.fold import compiled

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Marks = NDArray[np.bool_]

MISSING = np.iinfo(np.int64).min
"""Stands for a missing whole number."""

_DAY_NS = 86_400_000_000_000
_ROUNDING = 1e-12  # what logarithms of equal prices may differ by


@compiled
def _settle(ordered: Floats, at: int, size: int, value: float) -> None:
    """Put a value where the one at ``at`` was, and move it to its place."""
    while at + 1 < size and ordered[at + 1] < value:
        ordered[at] = ordered[at + 1]
        at += 1
    while at > 0 and ordered[at - 1] > value:
        ordered[at] = ordered[at - 1]
        at -= 1
    ordered[at] = value


@compiled
def _push(ordered: Floats, ring: Floats, count: int, value: float) -> None:
    """Take a value into the window; the oldest one leaves a full window.

    ``count`` is how many values came before.
    """
    width = ring.size
    if count < width:
        _settle(ordered, count, count + 1, value)
    else:
        oldest = ring[count % width]
        _settle(ordered, np.searchsorted(ordered, oldest), width, value)
    ring[count % width] = value


@compiled
def _median(ordered: Any, size: int) -> Any:
    half = size // 2
    if size % 2 == 1:
        return ordered[half]
    return 0.5 * (ordered[half - 1] + ordered[half])


@compiled
def _deviation(ordered: Any, size: int, centre: float) -> Any:
    """Median of the distances from the centre (of two middle ones the lower).

    The farthest value is always one of the two ends: half of them are taken away.
    """
    low, high = 0, size - 1
    for _ in range(size // 2):
        if centre - ordered[low] > ordered[high] - centre:
            low += 1
        else:
            high -= 1
    return max(centre - ordered[low], ordered[high] - centre)


@compiled
def _least_deviation(ordered: Any, size: int, centre: float) -> Any:
    """Return a bound that `_deviation` is never below: most rows need no more.

    Fewer than half of the values lie strictly between the two quarters.
    """
    quarter = size // 4
    return min(centre - ordered[quarter], ordered[size - 1 - quarter] - centre)


@compiled
def _is_far(ordered: Any, size: int, x: float, smallest: float, limit: float) -> Any:
    centre = _median(ordered, size)
    away = abs(x - centre)
    scale = max(1.4826 * _least_deviation(ordered, size, centre), smallest)
    if away <= limit * scale:
        return False
    scale = max(1.4826 * _deviation(ordered, size, centre), smallest)
    return away > limit * scale


@compiled
def _paused(times: Integers, count: int, now: int) -> Any:
    """Whether more than a day has passed, and more than the window spans."""
    width = times.size
    newest = times[(count - 1) % width]
    span = newest - times[count % width if count >= width else 0]
    return now - newest > max(_DAY_NS, span)


@compiled
def far_from_median(
    value: Floats, at_ns: Integers, first: Marks, width: int, least: int, limit: float
) -> Marks:
    """Mark values that stand far from the median of the past changes.

    The window holds the last ``width`` values that differ from the one before them. A
    value is far if ``abs(value - median) > limit * max(1.4826 MAD, smallest move)``,
    with the smallest move between two values so far. NaN is skipped. A pause of more
    than a day, and longer than the window spans, begins it anew.

    Parameters
    ----------
    value : ndarray of float64, shape (n_rows,)
    at_ns : ndarray of int64, shape (n_rows,)
    first : ndarray of bool, shape (n_rows,)
        Where an instrument begins.
    width, least : int
        Values in the window at most, and at least before a row is judged.
    limit : float
        In units of the robust deviation.
    """
    found = np.zeros(value.size, np.bool_)
    ordered, ring = np.empty(width), np.empty(width)
    times = np.empty(width, np.int64)
    count, smallest, last = 0, np.inf, np.nan
    for row in range(value.size):
        if first[row]:
            count, smallest, last = 0, np.inf, np.nan
        x = value[row]
        if x != x:
            continue
        if count > 0 and _paused(times, count, at_ns[row]):
            count, last = 0, np.nan
        size = min(count, width)
        if size >= least:
            found[row] = _is_far(ordered, size, x, smallest, limit)
        if x != last:
            if abs(x - last) > _ROUNDING:
                smallest = min(smallest, abs(x - last))
            times[count % width] = at_ns[row]
            _push(ordered, ring, count, x)
            count += 1
            last = x
    return found


@compiled
def unchanged_too_long(
    at_ns: Integers, same: Marks, first: Marks, width: int, least: int, limit: float
) -> Marks:
    """Mark rows whose values have stood longer than the past lets expect.

    A spell lasts from the row that brought new values to the row that brings the next.
    A row that repeats the values is marked when they have stood longer than ``limit``
    times the 95 % quantile of the last ``width`` spells.

    Parameters
    ----------
    at_ns : ndarray of int64, shape (n_rows,)
        Time, ns; `MISSING` is skipped.
    same : ndarray of bool, shape (n_rows,)
        Whether a row repeats the values of the row before.
    first, width, least, limit
        As in `far_from_median`.
    """
    found = np.zeros(at_ns.size, np.bool_)
    ordered, ring = np.empty(width), np.empty(width)
    count, since = 0, MISSING
    for row in range(at_ns.size):
        if first[row]:
            count, since = 0, MISSING
        now = at_ns[row]
        if now == MISSING:
            continue
        if since == MISSING:
            since = now
        elif same[row]:
            size = min(count, width)
            if size >= least:
                usual = ordered[int(0.95 * (size - 1))]
                found[row] = float(now - since) > limit * usual
        else:
            _push(ordered, ring, count, float(now - since))
            count += 1
            since = now
    return found


@compiled
def below_the_floor(
    lag: Floats, again: Marks, first: Marks, width: int, least: int, limit: float
) -> Marks:
    """Mark lags that lie below all of the past by more than the past's spread.

    The spread is the median of the last ``width`` lags less their minimum. Waiting
    makes a lag longer and never shorter than the way takes: a floor that gives way is a
    clock that was set.

    Parameters
    ----------
    lag : ndarray of float64, shape (n_rows,)
        NaN is skipped.
    again : ndarray of bool, shape (n_rows,)
        Whether a row belongs to the message of the row before: it shares its mark.
    first, width, least, limit
        As in `far_from_median`.
    """
    found = np.zeros(lag.size, np.bool_)
    ordered, ring = np.empty(width), np.empty(width)
    count = 0
    for row in range(lag.size):
        if first[row]:
            count = 0
        elif again[row]:
            found[row] = found[row - 1]
            continue
        x = lag[row]
        if x != x:
            continue
        size = min(count, width)
        if size >= least:
            spread = _median(ordered, size) - ordered[0]
            found[row] = ordered[0] - x > limit * spread
        _push(ordered, ring, count, x)
        count += 1
    return found


@compiled
def numbers_left_out(
    low: Integers, high: Integers, first: Marks, least: int, share: float
) -> Marks:
    """Mark rows before which numbers are missing, where a source counts by one.

    A row holds the numbers ``low`` to ``high``. Before a row is judged, at least
    ``least`` steps must have been seen and ``share`` of them must have been by one.
    Lower numbers than the highest so far come late and leave no gap; after ``least`` of
    them in a row that count by one the numbering has begun anew.

    Parameters
    ----------
    low, high : ndarray of int64, shape (n_rows,)
        `MISSING` is skipped.
    first : ndarray of bool, shape (n_rows,)
        Where an instrument begins.
    least : int
    share : float
        0 to 1.
    """
    found = np.zeros(low.size, np.bool_)
    highest, before, steps, by_one, run = MISSING, MISSING, 0, 0, 0
    for row in range(low.size):
        if first[row]:
            highest, before, steps, by_one, run = MISSING, MISSING, 0, 0, 0
        if low[row] == MISSING or high[row] == MISSING:
            continue
        next_one = before != MISSING and low[row] == before + 1
        before = high[row]
        if highest == MISSING or low[row] > highest:
            if highest != MISSING:
                gap = low[row] > highest + 1
                found[row] = gap and steps >= least and by_one >= share * steps
                steps += 1
                by_one += not gap
            highest = high[row]
            run = 0
        else:
            run = run + 1 if next_one else 0
            if run >= least:
                highest, run = high[row], 0
    return found
