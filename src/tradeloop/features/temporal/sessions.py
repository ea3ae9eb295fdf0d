"""Sessions of an exchange, as columns that are known before the bar is.

A calendar is published ahead of time, so what it says of an instant is no secret of
that instant. It does not go through the compiled steps: a table of sessions, made once,
turns the time of a bar into raw columns of the bar (`SESSION_COLUMNS`) by one search.
History does it for a frame (`with_sessions`), live for one row (`Sessions.at`); both
do the same whole-number arithmetic and one division, so they are equal to the bit.

A bar is known at its end, so the instant ``t`` belongs to the last session that opened
*before* ``t``: a bar that ends with the closing bell is a bar of the session, one that
ends with the opening bell is not. When the exchange is closed, the flags are those of
the session that was last open.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.clock import NS_PER_MINUTE, NS_PER_SECOND
from tradeloop.errors import InputError

Int = NDArray[np.int64]

FLAGS = (
    "session_day",
    "session_minutes",
    "session_before_holiday",
    "session_after_holiday",
    "session_is_half_day",
    "session_to_month_end",
    "session_to_quarter_end",
    "session_turn_of_month",
)
SESSION_COLUMNS = (
    "session_is_open",
    "session_minutes_from_open",
    "session_minutes_to_close",
    "session_minutes_to_open",
    *FLAGS,
)
"""Raw columns of a bar: what its exchange's calendar says of the bar's end.

``is_open`` 0 or 1, also 0 in a lunch break; ``minutes_from_open`` and
``minutes_to_close`` by the clock on the wall, those of the end of the session when it
is over; ``minutes_to_open`` of the next session, 0 while it is open; ``day`` the date
of the session in days since 1970-01-01, in the exchange's own zone; ``minutes`` from
open to close; ``before_holiday`` and ``after_holiday`` 1 where a usual trading day
without a session follows or came before; ``is_half_day`` 1 where it closes early;
``to_month_end`` and ``to_quarter_end`` sessions still to come in them;
``turn_of_month`` 1 in the last session of a month and the first three.
"""


@dataclass(frozen=True, slots=True)
class Table:
    """Sessions in order of time; one row each in every array.

    Parameters
    ----------
    day : ndarray of int64
        Date in the exchange's zone, days since 1970-01-01.
    open_ns, close_ns : ndarray of int64
        UTC.
    break_start_ns, break_end_ns : ndarray of int64
        Lunch break; both ``close_ns`` where there is none.
    half_day : ndarray of bool
        It closes earlier than usual.
    weekdays : tuple of bool
        Monday to Sunday: whether the exchange is usually open.
    """

    day: Int
    open_ns: Int
    close_ns: Int
    break_start_ns: Int
    break_end_ns: Int
    half_day: NDArray[np.bool_]
    weekdays: tuple[bool, ...] = (True,) * 5 + (False,) * 2


@dataclass(frozen=True, slots=True)
class Sessions:
    """What is known of an instant from the calendar of an exchange.

    The first month of the table and its last quarter, which may not be all there, only
    serve to judge the others.

    Parameters
    ----------
    calendar : str
        Name, for messages.
    table : Table
        From one month into another and on into another quarter.
    """

    calendar: str
    table: Table
    _opens: list[int] = field(init=False, repr=False)
    _rows: list[tuple[int, ...]] = field(init=False, repr=False)
    _flags: NDArray[np.float64] = field(init=False, repr=False)
    _first: int = field(init=False, repr=False)
    _last: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        table = self.table
        month = _months(table.day)
        first = int(np.searchsorted(month, month[:1], "right").sum())
        last = int(np.searchsorted(month // 3, month[-1:] // 3).sum())
        if first >= last:
            raise InputError(
                "A table of sessions must hold the start of a month and then that of "
                "a quarter.",
                way_out="Ask for a longer time.",
                source=self.calendar,
            )
        times = (table.open_ns, table.close_ns)
        rest = (table.break_start_ns, table.break_end_ns)
        rows = zip(*(each.tolist() for each in (*times, *rest)), strict=True)
        object.__setattr__(self, "_opens", table.open_ns.tolist())
        object.__setattr__(self, "_rows", list(rows))
        object.__setattr__(self, "_flags", _flags(table))
        object.__setattr__(self, "_first", first)
        object.__setattr__(self, "_last", last)

    @property
    def first_ns(self) -> int:
        """Instant after which everything is known."""
        return self._opens[self._first]

    @property
    def last_ns(self) -> int:
        """Last instant at which everything is known: the open of another quarter."""
        return self._opens[self._last]

    def at(self, event_ns: int) -> dict[str, float]:
        """Columns of one instant, for a live bar.

        Raises
        ------
        InputError
            The calendar does not reach there.
        """
        place = bisect_left(self._opens, event_ns) - 1
        self._reaches(event_ns, event_ns)
        open_ns, close_ns, rest_ns, back_ns = self._rows[place]
        inside = event_ns <= close_ns and not rest_ns < event_ns <= back_ns
        now = min(event_ns, close_ns)
        ahead = 0 if event_ns <= close_ns else self._opens[place + 1] - event_ns
        found = (
            float(inside),
            (now - open_ns) / NS_PER_MINUTE,
            (close_ns - now) / NS_PER_MINUTE,
            ahead / NS_PER_MINUTE,
            *self._flags[:, place].tolist(),
        )
        return dict(zip(SESSION_COLUMNS, found, strict=True))

    def columns(self, event_ns: Int) -> dict[str, NDArray[np.float64]]:
        """Columns of many instants, in any order.

        Raises
        ------
        InputError
            The calendar does not reach to one of them.
        """
        if event_ns.size == 0:
            return {name: np.empty(0) for name in SESSION_COLUMNS}
        self._reaches(int(event_ns.min()), int(event_ns.max()))
        table = self.table
        place = np.searchsorted(table.open_ns, event_ns, "left") - 1
        open_ns, close_ns = table.open_ns[place], table.close_ns[place]
        before, after = table.break_start_ns[place], table.break_end_ns[place]
        resting = (before < event_ns) & (event_ns <= after)
        now = np.minimum(event_ns, close_ns)
        ahead = np.where(event_ns <= close_ns, 0, table.open_ns[place + 1] - event_ns)
        found = (
            ((event_ns <= close_ns) & ~resting).astype(np.float64),
            (now - open_ns) / NS_PER_MINUTE,
            (close_ns - now) / NS_PER_MINUTE,
            ahead / NS_PER_MINUTE,
            *self._flags[:, place],
        )
        return dict(zip(SESSION_COLUMNS, found, strict=True))

    def _reaches(self, least: int, most: int) -> None:
        if least <= self.first_ns or most > self.last_ns:
            wrong = least if least <= self.first_ns else most
            raise InputError(
                f"The calendar is known after {_text(self.first_ns)} and up to "
                f"{_text(self.last_ns)}, the bar is of {_text(wrong)}.",
                way_out="Make the sessions with another start or end; a calendar "
                "reaches about a year ahead of the day on which it is made.",
                source=self.calendar,
                column="event_ns",
            )


def with_sessions(
    bars: pl.DataFrame, sessions: Sessions | Mapping[str, Sessions]
) -> pl.DataFrame:
    """Add `SESSION_COLUMNS` to bars, by the end of each.

    Parameters
    ----------
    bars : polars.DataFrame of shape (n_bars, n_columns)
        With ``event_ns``; with ``instrument`` where calendars differ.
    sessions : Sessions or mapping of str to Sessions
        One calendar for all, or one for each instrument.

    Raises
    ------
    InputError
        An instrument has no calendar, or a bar stands where its calendar ends.
    """
    event_ns = bars["event_ns"].to_numpy()
    if isinstance(sessions, Sessions):
        return bars.with_columns(**_series(sessions.columns(event_ns)))
    found = {name: np.full(bars.height, np.nan) for name in SESSION_COLUMNS}
    for name in bars["instrument"].unique().to_list():
        if name not in sessions:
            raise InputError(
                f"No calendar is given for the instrument {name!r}.",
                way_out="Name one for it; 24/7 has no holidays.",
                column="instrument",
            )
        mine = (bars["instrument"] == name).to_numpy()
        for column, values in sessions[name].columns(event_ns[mine]).items():
            found[column][mine] = values
    return bars.with_columns(**_series(found))


def _series(columns: Mapping[str, Any]) -> dict[str, pl.Series]:
    return {name: pl.Series(name, values) for name, values in columns.items()}


def _text(at_ns: int) -> str:
    return datetime.fromtimestamp(at_ns // NS_PER_SECOND, UTC).isoformat(" ")[:16]


def _months(day: Int) -> Int:
    """Months since 1970-01 of days since 1970-01-01."""
    return day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def _to_end(group: Int) -> Int:
    """Rows of the same group that still follow; groups stand together."""
    return np.searchsorted(group, group, "right") - 1 - np.arange(group.size)


def _from_start(group: Int) -> Int:
    return np.arange(group.size) - np.searchsorted(group, group, "left")


def _usual_days(table: Table) -> Int:
    """Usual trading days since Monday 1969-12-29, before each session's day."""
    since = table.day + 3
    week = np.concatenate([[0], np.cumsum(table.weekdays)])
    whole: Int = week[-1] * (since // 7) + week[since % 7]
    return whole


def _flags(table: Table) -> NDArray[np.float64]:
    """Make `FLAGS` of each session, shape (n_flags, n_sessions)."""
    usual = _usual_days(table)
    opened = np.array(table.weekdays)[(table.day + 3) % 7].astype(np.int64)
    # Usual days strictly between a session and the next one.
    missed = np.diff(usual) - opened[:-1] > 0
    month = _months(table.day)
    late, early = _to_end(month), _from_start(month)
    return np.array(
        [
            table.day,
            (table.close_ns - table.open_ns) / NS_PER_MINUTE,
            np.append(missed, False),
            np.insert(missed, 0, values=False),
            table.half_day,
            late,
            _to_end(month // 3),
            (late == 0) | (early < 3),  # noqa: PLR2004 - the usual four days
        ],
        np.float64,
    )
