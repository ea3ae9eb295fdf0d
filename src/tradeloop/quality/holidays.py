"""Holidays: days on which the market is closed beside its week.

Either the caller names them, or they are learned: a day of the year (month and day) is
a holiday when its noon, UTC, lies in a gap in every year that the data reach over, and
at least twice in one that the calendar of the week does not explain. A gap is a holiday
when it holds the noon of one, and misses no more than two days of bars for each.
Days that move within the year, such as Good Friday, are not learned: name them.
"""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta

import polars as pl

from tradeloop.clock import NS_PER_DAY

_NOON_NS = NS_PER_DAY // 2
_LONGEST_DAYS, _TWICE = 2, 2


def _day(number: int) -> date:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=number)).date()


def noons_between(after_ns: int, event_ns: int) -> tuple[date, ...]:
    """Days whose noon, UTC, lies between two times."""
    first = -(-(after_ns - _NOON_NS) // NS_PER_DAY)
    last = (event_ns - _NOON_NS - 1) // NS_PER_DAY
    return tuple(_day(number) for number in range(first, last + 1))


def learn_holidays(gaps: pl.DataFrame) -> frozenset[tuple[int, int]]:
    """Learn the days of the year on which one instrument is closed.

    Parameters
    ----------
    gaps : polars.DataFrame of shape (n_gaps, any)
        after_ns, event_ns and unusual (bool) of the gaps of one instrument that are
        longer than a day, and at its ends its first and last bar.

    Returns
    -------
    frozenset of tuple of int
        Month and day.
    """
    if gaps.height < _TWICE:
        return frozenset()
    within: dict[tuple[int, int], set[int]] = {}
    odd: dict[tuple[int, int], set[int]] = {}
    for after, event, unusual in gaps.select(
        "after_ns", "event_ns", "unusual"
    ).iter_rows():
        for day in noons_between(after, event):
            within.setdefault((day.month, day.day), set()).add(day.year)
            if unusual:
                odd.setdefault((day.month, day.day), set()).add(day.year)
    first = _day(gaps["first_ns"][0] // NS_PER_DAY)
    last = _day(gaps["last_ns"][0] // NS_PER_DAY)
    return frozenset(
        key
        for key, years in odd.items()
        if len(years) >= _TWICE and _years(key, first, last) <= within[key]
    )


def _years(key: tuple[int, int], first: date, last: date) -> set[int]:
    """Years in which a day of the year lies between two days."""
    return {
        year
        for year in range(first.year, last.year + 1)
        if (first.month, first.day) < key or year > first.year
        if key < (last.month, last.day) or year < last.year
    }


def is_holiday(
    after_ns: int,
    event_ns: int,
    missing_ns: float,
    named: Collection[date],
    yearly: Collection[tuple[int, int]],
) -> bool:
    """Tell whether a gap is a holiday; see the module.

    Parameters
    ----------
    after_ns, event_ns : int
        Ends of the bars before and after it.
    missing_ns : float
        Length of the bars that are missing in it.
    named, yearly : collection of date, and of month and day
        The holidays.
    """
    days = noons_between(after_ns, event_ns)
    closed = sum(day in named or (day.month, day.day) in yearly for day in days)
    return 0 < missing_ns <= closed * _LONGEST_DAYS * NS_PER_DAY
