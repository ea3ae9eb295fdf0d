"""Instants as people and CloudEvents write them: RFC 3339, to the nanosecond."""

import re
from datetime import date

from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE, NS_PER_SECOND
from tradeloop.errors import InputError

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_FORM = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"(?:\.([0-9]{1,9}))?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)


def _day_ns(year: int) -> int:
    return (date(year, 1, 1).toordinal() - _EPOCH_DAY) * NS_PER_DAY


EARLIEST_NS, LATEST_NS = _day_ns(1800), _day_ns(2200)
"""Bounds of every time: 1800 to 2200, so that a century may be added in 64 bits."""


def instant_ns(text: str) -> int:
    """Nanoseconds since 1970-01-01 UTC of an RFC 3339 time; undoes `instant_text`.

    Raises
    ------
    InputError
        The text is no such time, has no zone or more than nine digits of a second,
        names a leap second (which 64 bits of UTC cannot tell from the next one), or
        lies before 1800 or after 2199.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise _refused(text, "be an RFC 3339 time with its zone")
    day, hour, minute, second, fraction, sign, *offset = found.groups()
    try:
        days = date.fromisoformat(day).toordinal() - _EPOCH_DAY
    except ValueError:
        raise _refused(text, "name a day of the calendar") from None
    if int(hour) > 23 or int(minute) > 59 or int(second) > 59:  # noqa: PLR2004
        raise _refused(text, "name a second of the day; there is no leap second here")
    ns = days * NS_PER_DAY + int(hour) * NS_PER_HOUR + int(minute) * NS_PER_MINUTE
    ns += int(second) * NS_PER_SECOND + int((fraction or "").ljust(9, "0"))
    if sign:
        ahead = int(offset[0]) * NS_PER_HOUR + int(offset[1]) * NS_PER_MINUTE
        ns += -ahead if sign == "+" else ahead
    if not EARLIEST_NS <= ns < LATEST_NS:
        raise _refused(text, "lie between 1800 and 2200")
    return ns


def instant_text(ns: int) -> str:
    """Write ``ns`` as RFC 3339 in UTC, with nine digits of the second."""
    days, rest = divmod(ns, NS_PER_DAY)
    seconds, fraction = divmod(rest, NS_PER_SECOND)
    day = date.fromordinal(_EPOCH_DAY + days).isoformat()
    hour, minute, second = seconds // 3600, seconds // 60 % 60, seconds % 60
    return f"{day}T{hour:02}:{minute:02}:{second:02}.{fraction:09}Z"


def _refused(text: str, rule: str) -> InputError:
    return InputError(
        f"A time must {rule}, was {text!r:.80}.",
        way_out="Write it like 2026-01-31T09:30:00.123456789Z, or as int64 ns UTC.",
    )
