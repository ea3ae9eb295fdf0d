"""Columns of date and session that are published unless others are asked for."""

from tradeloop.features.arithmetic.level import level
from tradeloop.features.arithmetic.ratio import ratio
from tradeloop.features.base import Column, Feature
from tradeloop.features.temporal.cycle import cycle, day_of_week, time_of_day
from tradeloop.features.temporal.date import date
from tradeloop.features.temporal.hour import hour
from tradeloop.features.temporal.sessions import SESSION_COLUMNS

_MONTHS, _DAYS, _WEEKS = 12.0, 31.0, 53.0


def standard() -> list[Feature | Column]:
    """Clock and date of the event, and what the exchange's calendar says of it."""
    return [*of_the_clock(), *of_the_session()]


def of_the_clock() -> list[Feature | Column]:
    """Columns that need nothing but the time of the bar."""
    today = date()
    return [
        day_of_week(),
        time_of_day(),
        hour(),
        today,
        cycle("month_of_year", today["month"], _MONTHS, -1.0),
        cycle("day_of_month", today["day_of_month"], _DAYS, -1.0),
        cycle("week_of_year", today["week_of_year"], _WEEKS, -1.0),
    ]


def of_the_session() -> list[Feature | Column]:
    """Columns that need bars with sessions: see `with_sessions`.

    The date of a session is that of its exchange, whatever the time in UTC.
    """
    session = date("session_day")
    wanted = ("days_to_expiry", "is_expiry_week", "is_quarterly_expiry_week")
    return [
        *(
            level(
                name,
                category="temporal",
                name=name.replace("session", "exchange", 1),
                group="temporal",
            )
            for name in SESSION_COLUMNS
            if name != "session_day"
        ),
        *(session[name] for name in wanted),
        ratio(
            "session_minutes_from_open",
            "session_minutes",
            name="exchange_session_passed",
            category="temporal",
            group="temporal",
        ),
    ]
