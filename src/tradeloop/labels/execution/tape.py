"""Averages of the market over the time of an execution: VWAP, TWAP, the close.

Each comes with the time at which it was known: when the tape had gone past the end of
its interval. Before that nobody can tell that nothing more would come.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from tradeloop.clock import NS_PER_DAY
from tradeloop.fold import compiled
from tradeloop.labels.base import (
    CENSORED,
    LABELLED,
    MISSING_NS,
    PENDING,
    Floats,
    PricePath,
    Times,
    prices_of,
    rows_at,
)
from tradeloop.labels.execution.mids import Known, Mids, Rows, nothing
from tradeloop.labels.execution.rule import ExecutionRule


@compiled
def range_sums(values: Floats, first: Rows, stop: Rows) -> Floats:
    """Sum of ``values[first:stop]`` for many windows, each added up on its own."""
    out = np.zeros(first.shape[0])
    for k in range(first.shape[0]):
        total = 0.0
        for row in range(first[k], stop[k]):
            total += values[row]
        out[k] = total
    return out


@compiled
def time_weighted(
    price: Floats, time_ns: Times, begin_ns: Times, end_ns: Times, row: Rows
) -> Floats:
    """Time-weighted mean of a price that stands until the next one.

    Parameters
    ----------
    price : ndarray of shape (n_rows,)
    time_ns : ndarray of shape (n_rows,)
        From when each price stands.
    begin_ns, end_ns : ndarray of shape (n,)
        Interval of each mean; where they are equal it is the price at that time.
    row : ndarray of shape (n,)
        Row of the price at ``begin_ns``; -1 gives NaN.
    """
    out = np.full(row.shape[0], np.nan)
    for k in range(row.shape[0]):
        if row[k] < 0:
            continue
        at, base, away = row[k], price[row[k]], 0.0
        since, length = begin_ns[k], end_ns[k] - begin_ns[k]
        while at + 1 < price.shape[0] and time_ns[at + 1] < end_ns[k]:
            away += (price[at] - base) * (time_ns[at + 1] - since)
            at += 1
            since = time_ns[at]
        away += (price[at] - base) * (end_ns[k] - since)
        out[k] = base + away / length if length > 0 else base
    return out


@dataclass(frozen=True, slots=True, eq=False)
class Tape:
    """What one instrument traded, in the order of time: trades, or bars.

    Parameters
    ----------
    begin_ns, end_ns : ndarray of shape (n_rows,)
        What a row covers: a trade its moment.
    known_ns : ndarray of shape (n_rows,)
        When it was known. Rows that came after a later one are not among them.
    price : ndarray of shape (n_rows,)
        Of the trade; typical price ``(high + low + close) / 3`` of the bar.
    volume : ndarray of shape (n_rows,)
        NaN where it is not known.
    moments : bool
        Whether rows are trades.
    """

    begin_ns: Times
    end_ns: Times
    known_ns: Times
    price: Floats
    volume: Floats
    moments: bool

    def windows(self, begin_ns: Times, end_ns: Times) -> tuple[Rows, Rows, Times]:
        """Rows that meet each interval, both ends included, and when all were known.

        A bar meets an interval if they have a moment in common, so the window of bars
        is a little longer than the interval. `MISSING_NS` while the tape has not gone
        past it.
        """
        side: Literal["left", "right"] = (
            "left" if self.moments else "right"
        )  # a bar's end is not within it
        first = np.searchsorted(self.end_ns, begin_ns, side=side)
        stop = np.searchsorted(self.begin_ns, end_ns, side="right")
        # Past it: a trade after the end, a bar that ends after it.
        proof = np.searchsorted(self.end_ns, end_ns, side="right")
        past = proof < len(self.end_ns)
        known = np.full(past.shape, MISSING_NS)
        known[past] = self.known_ns[proof[past]]
        return first, np.maximum(stop, first), known


def tape_of(
    trades: pl.DataFrame | None, bars: pl.DataFrame, rule: ExecutionRule
) -> Tape:
    """Tape of one instrument: its trades, else its bars.

    Parameters
    ----------
    trades : polars.DataFrame of shape (n_trades, any), or None
        Columns event_ns, received_ns, price, size of the trade record.
    bars : polars.DataFrame of shape (n_bars, any)
        Rows of the bar record.
    rule : ExecutionRule
        Says as of when.
    """
    known = pl.max_horizontal("received_ns", "event_ns")
    if trades is not None and trades.height:
        rows = trades.filter(known <= rule.known_until_ns).select(
            "price", begin="event_ns", end="event_ns", known=known, volume="size"
        )
    else:
        typical = (pl.col("high") + pl.col("low") + pl.col("close")) / 3
        rows = bars.filter(known <= rule.known_until_ns).select(
            price=typical,
            begin="open_ns",
            end="event_ns",
            known=known,
            volume="volume",
        )
    rows = rows.sort("known", "begin", "end", maintain_order=True)
    # What came after a later row is left out: a figure once made must not change.
    rows = rows.filter(
        pl.col("begin") == pl.col("begin").cum_max(),
        pl.col("end") == pl.col("end").cum_max(),
    )
    begin, end, at = (rows[name].to_numpy() for name in ("begin", "end", "known"))
    price, volume = (
        rows[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        for name in ("price", "volume")
    )
    moments = trades is not None and bool(trades.height)
    return Tape(begin, end, at, price, volume, moments)


def interval_vwap(
    tape: Tape,
    begin_ns: Times,
    end_ns: Times,
    *,
    own_value: Floats,
    own_quantity: Floats,
) -> Known:
    """Volume-weighted price of what others traded in each interval.

    ``(sum p v - own value) / (sum v - own quantity)`` over the rows that meet the
    interval. The own fills are never in it: with them in, a large order would be
    measured against itself.

    Parameters
    ----------
    tape : Tape
        Of the instrument.
    begin_ns, end_ns : ndarray of shape (n,)
        Bounds of the intervals, both included.
    own_value, own_quantity : ndarray of shape (n,)
        What of the tape is our own: sum of price times quantity, and of quantity; 0
        where our fills are not on the tape.

    Returns
    -------
    Known
        Censored where others traded nothing, the volume is not known, or the instrument
        has no tape at all.
    """
    if not len(tape.price):
        return nothing(len(begin_ns))
    first, stop, known = tape.windows(begin_ns, end_ns)
    others = range_sums(tape.volume, first, stop) - own_quantity
    value = range_sums(tape.price * tape.volume, first, stop) - own_value
    some = others > 0  # False where it is NaN
    price = np.where(some, value / np.where(some, others, 1.0), np.nan)
    return _settled(np.where(price > 0, price, np.nan), known)


def _settled(value: Floats, known: Times) -> Known:
    """Pending where it is not known yet, censored where it is NaN all the same."""
    yet = known != MISSING_NS
    good = yet & ~np.isnan(value)
    state = np.where(yet, np.where(good, LABELLED, CENSORED), PENDING)
    return Known(
        np.where(good, value, np.nan),
        np.where(good, known, MISSING_NS),
        state.astype(np.int8),
    )


def interval_twap(mids: Mids, tape: Tape, begin_ns: Times, end_ns: Times) -> Known:
    """Time-weighted mid of each interval; of bars the mean of their typical prices.

    Parameters
    ----------
    mids : Mids
        Where they are quoted, each mid counts as long as it stood.
    tape : Tape
        Bars of the instrument, where there are no quotes.
    begin_ns, end_ns : ndarray of shape (n,)
        Bounds of the intervals.
    """
    if not mids.quoted:
        first, stop, known = tape.windows(begin_ns, end_ns)
        count = (stop - first).astype(np.float64)
        total = range_sums(tape.price, first, stop)
        return _settled(total / np.where(count > 0, count, np.nan), known)
    path, row = mids.path, mids.row_then(begin_ns)
    last = rows_at(path, end_ns, wait_ns=mids.wait_ns)
    mean = time_weighted(path.price, path.time_ns, begin_ns, end_ns, row)
    lost = (last.state == LABELLED) & (row < 0)
    good = (last.state == LABELLED) & ~lost
    return Known(
        np.where(good, mean, np.nan),
        np.where(good, last.end_ns, MISSING_NS),
        np.where(lost, CENSORED, last.state).astype(np.int8),
    )


def day_close(mids: Mids, at_ns: Times, session_end_ns: int) -> Known:
    """Last price of the day of each time, where one came after it.

    Parameters
    ----------
    mids : Mids
        On quotes the last mid, on bars the close of the last bar that ends by then.
    at_ns : ndarray of shape (n,)
        ns UTC.
    session_end_ns : int
        When a day ends, after midnight UTC.

    Returns
    -------
    Known
        Known once a price at or after the end of the day came.
    """
    due = session_end(at_ns, session_end_ns)
    whole = mids.whole
    stood = PricePath(
        "tick",
        whole.begin_ns,
        whole.time_ns,
        whole.known_ns,
        whole.price,
        whole.high,
        whole.low,
    )
    row, end_ns, state = rows_at(stood, due, wait_ns=mids.wait_ns)
    early = np.zeros(row.shape, dtype=np.bool_)
    if len(stood) and not mids.quoted:  # a bar that was over says nothing of the rest
        early = (row >= 0) & (stood.time_ns[np.maximum(row, 0)] <= at_ns)
    return Known(
        np.where(early, np.nan, prices_of(stood.price, row)),
        np.where(early, MISSING_NS, end_ns),
        np.where(early, CENSORED, state).astype(np.int8),
    )


def session_end(at_ns: Times, session_end_ns: int) -> Times:
    """End of the day that holds each time; a time at the end belongs to the next day.

    Parameters
    ----------
    at_ns : ndarray of shape (n,)
        ns UTC.
    session_end_ns : int
        After midnight UTC.
    """
    day = np.int64(NS_PER_DAY)
    end: Times = ((at_ns - session_end_ns) // day + 1) * day + session_end_ns
    return end
