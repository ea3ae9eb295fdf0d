"""Cleaning flags, slow and obvious: one row at a time, from the whole past."""

import math
from statistics import median

DAY = 86_400_000_000_000


def outliers(prices, times, *, width, least, limit):
    """Marks of one instrument; prices may be None."""
    marks, changes, at, smallest = [], [], [], math.inf
    for price, now in zip(prices, times, strict=True):
        if price is None:
            marks.append(False)
            continue
        x = math.log(price)
        window, span = changes[-width:], at[-width:]
        if window and now - span[-1] > max(DAY, span[-1] - span[0]):
            changes, at, window = [], [], []
        marked = False
        if len(window) >= least:
            centre = median(window)
            ranked = sorted(abs(value - centre) for value in window)
            deviation = 1.4826 * ranked[(len(ranked) - 1) // 2]
            marked = abs(x - centre) > limit * max(deviation, smallest)
        marks.append(marked)
        if not changes or x != changes[-1]:
            if changes and abs(x - changes[-1]) > 1e-12:
                smallest = min(smallest, abs(x - changes[-1]))
            changes.append(x)
            at.append(now)
    return marks


def stale(values, times, *, width, least, limit):
    """Marks of one instrument: rows that repeat their values for too long."""
    marks, spells, since, before = [], [], None, None
    for value, now in zip(values, times, strict=True):
        marked = False
        if since is None:
            since = now
        elif value == before:
            window = sorted(spells[-width:])
            if len(window) >= least:
                marked = now - since > limit * window[int(0.95 * (len(window) - 1))]
        else:
            spells.append(now - since)
            since = now
        marks.append(marked)
        before = value
    return marks


def clock_faults(lags, *, width, least, limit):
    """Marks of one instrument: lags far below all of the past; None is unknown."""
    marks, past = [], []
    for lag in lags:
        window = past[-width:]
        marked = False
        if lag is not None:
            if len(window) >= least:
                floor = min(window)
                marked = floor - lag > limit * (median(window) - floor)
            past.append(lag)
        marks.append(marked)
    return marks


def gaps(numbers, *, least, share):
    """Marks of one instrument whose numbers never begin anew."""
    marks, highest, steps, by_one = [], None, 0, 0
    for number in numbers:
        marked = False
        if number is not None and (highest is None or number > highest):
            if highest is not None:
                jump = number > highest + 1
                marked = jump and steps >= least and by_one >= share * steps
                steps += 1
                by_one += not jump
            highest = number
        marks.append(marked)
    return marks


def duplicates(rows):
    """Marks of rows that are equal to another one."""
    return [rows.count(row) > 1 for row in rows]


def late(times):
    """Marks of rows that come after a later one."""
    return [any(then > now for then in times[:at]) for at, now in enumerate(times)]
