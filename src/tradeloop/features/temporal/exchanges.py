"""Tables of sessions: of exchanges, of currencies, of markets that never close."""

import warnings
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from tradeloop.clock import NS_PER_DAY, NS_PER_SECOND
from tradeloop.errors import InputError, MissingExtraError
from tradeloop.features.temporal.sessions import Sessions, Table

FX, ALWAYS = "FX", "24/7"
_NEW_YORK, _FX_TURN = ZoneInfo("America/New_York"), time(17)
_EPOCH = date(1970, 1, 1)
_START = "2000-01-01"


def exchange_sessions(
    calendar: str, start: str = _START, end: str | None = None
) -> Sessions:
    """Sessions of an exchange.

    Parameters
    ----------
    calendar : str
        ``FX``: Monday to Friday, each day from 17:00 to 17:00 in New York, whatever the
        season; ``24/7``: every day of UTC; else a name that the library
        exchange_calendars knows, such as ``XNYS``, ``XTKS`` or ``24/5``, which follows
        the exchange's own zone.
    start, end : str
        First and last date, as ``2020-01-31``. Only quarters that are whole are used.
        An exchange's end may be left out: about a year ahead of today.

    Returns
    -------
    Sessions
        As they turned out: a closure that nobody foresaw, such as that of September
        2001, is in the table, so what counts ahead (``before_holiday``,
        ``to_month_end``) knows it in the days before.

    Raises
    ------
    InputError
        No calendar has this name, it does not reach there, or the time is too short.
    MissingExtraError
        The library is not installed.
    """
    if calendar in (FX, ALWAYS):
        if end is None:
            raise InputError(
                f"The sessions of {calendar} have no end of their own.",
                way_out="Give the last date.",
                source="end",
            )
        days = np.arange(_day(start), _day(end) + 1)
        return Sessions(calendar, _fx(days) if calendar == FX else _always(days))
    return Sessions(calendar, _exchange(calendar, start, end))


def _exchange(calendar: str, start: str, end: str | None) -> Table:
    try:
        import exchange_calendars  # type: ignore[import-untyped]  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("exchange_calendars", "calendars") from error
    try:
        with warnings.catch_warnings():
            # What it asks of pandas is on its way out there; the times are right.
            warnings.simplefilter("ignore")
            found: Any = exchange_calendars.get_calendar(calendar, start, end)
    except (ValueError, exchange_calendars.errors.CalendarError) as error:
        raise InputError(
            f"The calendar cannot be had: {error}",
            way_out="Take a name of exchange_calendars, or another start or end.",
            source=calendar,
        ) from error
    close_ns = np.asarray(found.closes_nanos, np.int64)
    breaks = found.break_starts_nanos, found.break_ends_nanos
    known = found.schedule["break_start"].notna().to_numpy()
    start_ns, end_ns = (np.where(known, each, close_ns) for each in breaks)
    return Table(
        day=np.asarray(found.sessions_nanos, np.int64) // NS_PER_DAY,
        open_ns=np.asarray(found.opens_nanos, np.int64),
        close_ns=close_ns,
        break_start_ns=start_ns,
        break_end_ns=end_ns,
        half_day=found.sessions.isin(found.early_closes),
        weekdays=tuple(mark == "1" for mark in found.weekmask),
    )


def _day(text: str) -> int:
    return (date.fromisoformat(text) - _EPOCH).days


def _turn(day: int) -> int:
    """Instant of 17:00 in New York on a day."""
    at = datetime.combine(_EPOCH + timedelta(day), _FX_TURN, _NEW_YORK)
    return int(at.astimezone(UTC).timestamp()) * NS_PER_SECOND


def _fx(days: Any) -> Table:
    days = days[(days + 3) % 7 < 5]  # noqa: PLR2004 - Monday to Friday
    opens = np.array([_turn(int(day) - 1) for day in days], np.int64)
    closes = np.array([_turn(int(day)) for day in days], np.int64)
    return Table(days, opens, closes, closes, closes, np.zeros(days.size, np.bool_))


def _always(days: Any) -> Table:
    opens = days * NS_PER_DAY
    closes = opens + NS_PER_DAY
    half = np.zeros(days.size, np.bool_)
    return Table(days, opens, closes, closes, closes, half, (True,) * 7)
