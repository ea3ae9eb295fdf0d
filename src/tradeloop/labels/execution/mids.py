"""Mids as of a time: the last one at or before it, never the next.

- `then`: the mid at a time that is past when it is asked for, such as that of a fill.
- `later`: the mid at a horizon, and when it was known. That is the moment of the first
  mid at or after the horizon: before it nobody can tell that no other mid came between.

An instrument without quotes has no mids. Its bars give the last close that was known,
which serves as a price of reference, but not for spreads (`Mids.quoted`).
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.labels.base import (
    CENSORED,
    LABELLED,
    MISSING_NS,
    Floats,
    PricePath,
    States,
    Times,
    bar_path,
    price_at,
    prices_of,
    rows_at,
    tick_path,
)
from tradeloop.labels.execution.rule import Clock, ExecutionRule

Rows = NDArray[np.intp]


class Known(NamedTuple):
    """Values, when each was known, and how it stands.

    Parameters
    ----------
    value : ndarray of shape (n,)
        NaN where it is not known.
    end_ns : ndarray of shape (n,)
        When it was known, `MISSING_NS` where it is not.
    state : ndarray of shape (n,)
        `LABELLED`; `PENDING`, not known yet; `CENSORED`, never to be known.
    """

    value: Floats
    end_ns: Times
    state: States

    def at(self, rows: Rows) -> "Known":
        """Take some of the rows."""
        return Known(self.value[rows], self.end_ns[rows], self.state[rows])


def nothing(n: int) -> Known:
    """Nothing known, and nothing to come."""
    return Known(
        np.full(n, np.nan),
        np.full(n, MISSING_NS),
        np.full(n, CENSORED, dtype=np.int8),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Mids:
    """Mids of one instrument, or the closes that stand in for them.

    Parameters
    ----------
    path : PricePath
        Of kind tick: a price stands from ``time_ns`` until the next row.
    quoted : bool
        Whether the prices are mids of quotes.
    whole : PricePath
        The path that labels use: bars as bars.
    wait_ns : int
        Oldest mid that still counts.
    """

    path: PricePath
    quoted: bool
    whole: PricePath
    wait_ns: int

    def row_then(self, at_ns: Times) -> Rows:
        """Row of the last mid at or before each time, -1 where none is recent."""
        time = self.path.time_ns
        row = np.searchsorted(time, at_ns, side="right") - 1
        if len(time):
            old = at_ns - time[np.maximum(row, 0)] > self.wait_ns
            row = np.where(old, -1, row)
        return row

    def then(self, at_ns: Times) -> Floats:
        """Mid at each time, NaN where none is recent.

        Parameters
        ----------
        at_ns : ndarray of shape (n,)
            ns UTC, in any order.
        """
        return prices_of(self.path.price, self.row_then(at_ns))

    def known_then(self, at_ns: Times) -> Times:
        """When the mid at each time was known, `MISSING_NS` where there is none."""
        return times_of(self.path.known_ns, self.row_then(at_ns))

    def later(self, at_ns: Times, horizon_ns: int) -> Known:
        """Mid a horizon after each time.

        A close that was known at the time already says nothing of what came after it:
        where bars stand in, it is censored. A mid that still stands is a fact.

        Parameters
        ----------
        at_ns : ndarray of shape (n,)
            ns UTC.
        horizon_ns : int
            From there to the mid.
        """
        due = at_ns + np.int64(horizon_ns)
        row, end_ns, state = rows_at(self.path, due, wait_ns=self.wait_ns)
        if not self.quoted:
            stale = (state == LABELLED) & (row <= self.row_then(at_ns))
            row, end_ns = np.where(stale, -1, row), np.where(stale, MISSING_NS, end_ns)
            state = np.where(stale, CENSORED, state).astype(np.int8)
        return Known(prices_of(self.path.price, row), end_ns, state)

    def at_end(self, due_ns: Times) -> Known:
        """Price at each due time as labels take it: see `labels.base.price_at`."""
        return Known(*price_at(self.whole, due_ns, wait_ns=self.wait_ns))

    def known_at(self, at_ns: Times) -> Floats:
        """Last price known at each time, however old: the price that was decided on."""
        row = np.searchsorted(self.path.time_ns, at_ns, side="right") - 1
        return prices_of(self.path.price, row)


def times_of(times: Times, row: Rows) -> Times:
    """Look up times at these rows; `MISSING_NS` where the row is -1."""
    found = np.full(row.shape, MISSING_NS)
    found[row >= 0] = times[row[row >= 0]]
    return found


def quote_path(quotes: pl.DataFrame, clock: Clock) -> PricePath:
    """Mids of one instrument on the clock of their receipt, or on that of the venue.

    Parameters
    ----------
    quotes : polars.DataFrame of shape (n_quotes, any)
        Columns event_ns, received_ns, bid, ask of the quote record.
    clock : {"received", "event"}
        On the venue's clock a mid is known once it and all before it were received.

    Raises
    ------
    InputError
        A mid is not finite or not above 0.
    """
    if clock == "received":
        return tick_path(quotes)
    stamped = tick_path(quotes.with_columns(received_ns="event_ns"))
    received = quotes.sort("event_ns", maintain_order=True)["received_ns"].to_numpy()
    known = np.maximum.accumulate(np.maximum(received, stamped.time_ns))
    return replace(stamped, known_ns=known)


def mids_of(
    quotes: pl.DataFrame | None, bars: pl.DataFrame, rule: ExecutionRule
) -> Mids:
    """Mids of one instrument from its quotes; from its bars where it has none.

    Parameters
    ----------
    quotes : polars.DataFrame of shape (n_quotes, any), or None
        Rows of the quote record.
    bars : polars.DataFrame of shape (n_bars, any)
        Rows of the bar record.
    rule : ExecutionRule
        Clock, wait, and as of when.

    Raises
    ------
    InputError
        A price is not finite or not above 0.
    """
    until = rule.known_until_ns
    if quotes is not None and quotes.height:
        path = quote_path(quotes, rule.clock).known_by(until)
        return Mids(path, quoted=True, whole=path, wait_ns=rule.wait_ns)
    whole = bar_path(bars).known_by(until)
    close, known = whole.price, whole.known_ns
    path = PricePath("tick", known, known, known, close, close, close)
    return Mids(path, quoted=False, whole=whole, wait_ns=rule.wait_ns)
