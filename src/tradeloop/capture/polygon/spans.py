"""Windows of the vendor's bars, and the days of its exchanges.

Windows of a day begin at midnight in New York (page "Custom Bars (OHLC)"): such a day
has 23, 24 or 25 hours. Those of coins (``X:``) are days of UTC.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from tradeloop.clock import NS_PER_HOUR, NS_PER_MINUTE, NS_PER_SECOND
from tradeloop.errors import InputError

_LENGTHS = {"s": NS_PER_SECOND, "m": NS_PER_MINUTE, "h": NS_PER_HOUR}
_WORDS = {"s": "second", "m": "minute", "h": "hour", "d": "day"}
_FORM = re.compile(r"([1-9][0-9]{0,3})([smhd])")
_NEW_YORK = ZoneInfo("America/New_York")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Span:
    """Length of a bar.

    Parameters
    ----------
    count : int
        How many units.
    unit : {"s", "m", "h", "d"}
        Second, minute, hour or day.
    """

    count: int
    unit: str

    @property
    def path(self) -> str:
        """``multiplier/timespan``, as the vendor's address has it."""
        return f"{self.count}/{_WORDS[self.unit]}"

    def end_of(self, zone: tzinfo) -> Callable[[int], int]:
        """Return what gives the end of the bar that starts at a time, ns UTC."""
        if self.unit in _LENGTHS:
            length_ns = self.count * _LENGTHS[self.unit]
            return lambda start_ns: start_ns + length_ns
        return lambda start_ns: day_start_ns(
            day_of(start_ns, zone) + timedelta(days=self.count), zone
        )


def span_of(text: str) -> Span:
    """Read a length such as ``1m`` or ``1d``.

    Raises
    ------
    InputError
        It is none, or longer than days.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise InputError(
            f"A bar must be a number of s, m, h or d long, was {text!r:.40}.",
            way_out="Write it like 1m; make longer ones from those.",
            source="bar",
        )
    return Span(int(found[1]), found[2])


def zone_of(ticker: str) -> tzinfo:
    """Return the zone whose days are those of a ticker's bars."""
    return UTC if ticker.startswith("X:") else _NEW_YORK


def day_of(at_ns: int, zone: tzinfo) -> date:
    """Return the day of a time in a zone."""
    moment = _EPOCH + timedelta(seconds=at_ns // NS_PER_SECOND)
    return moment.astimezone(zone).date()


def day_start_ns(day: date, zone: tzinfo) -> int:
    """Return the midnight that begins a day in a zone, ns UTC."""
    midnight = datetime.combine(day, time(), tzinfo=zone)
    return int(midnight.timestamp()) * NS_PER_SECOND


def days_between(since_ns: int, until_ns: int, zone: tzinfo) -> list[tuple[int, int]]:
    """Cut a period into days of a zone.

    Parameters
    ----------
    since_ns, until_ns : int
        From, inclusive, to, exclusive, ns UTC.

    Returns
    -------
    list of (int, int)
        First and past-the-last instant of each part; together the period, in order.

    Raises
    ------
    InputError
        The period is empty.
    """
    if until_ns <= since_ns:
        raise InputError(
            "The period is empty: it ends before it begins.",
            way_out="Give a --until after --since; it is exclusive.",
        )
    parts, at_ns = [], since_ns
    while at_ns < until_ns:
        tomorrow = day_of(at_ns, zone) + timedelta(days=1)
        end_ns = min(day_start_ns(tomorrow, zone), until_ns)
        parts.append((at_ns, end_ns))
        at_ns = end_ns
    return parts
