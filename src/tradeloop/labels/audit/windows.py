"""Each decision with prices of its own, so that they can be moved for it alone.

The price at one decision lies in the future of another. So the rows that a label reads
are cut out for each decision; windows that share no row are put on one instrument,
those that do on several.
"""

from dataclasses import dataclass, replace
from heapq import heappop, heappush

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.events import BAR, QUOTE
from tradeloop.labels.base import PricePath
from tradeloop.labels.span import Span
from tradeloop.labels.volatility import first_row_used

Rows = NDArray[np.intp]

RECORDS = {"bar": BAR, "tick": QUOTE}
COLUMNS = {
    "bar": ("instrument", "open_ns", "event_ns", "received_ns", "high", "low", "close"),
    "tick": ("instrument", "event_ns", "received_ns", "bid", "ask"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Rows of a path that the labels of some decisions read.

    Parameters
    ----------
    path : PricePath
        Prices of the instrument.
    first, entry, stop : ndarray of shape (n,)
        First row that the volatility is taken from, row of the price at the decision,
        and the row after the one that settles the price at the last due time.
    """

    path: PricePath
    first: Rows
    entry: Rows
    stop: Rows


def windows_of(span: Span, rows: Rows) -> Windows:
    """Cut the windows of some decisions whose exits are known.

    Parameters
    ----------
    span : Span
        Of one instrument.
    rows : ndarray of shape (n,)
        Decisions in the span.
    """
    path, entry = span.leg.path, span.leg.entry_row[rows]
    used = first_row_used(
        path,
        entry,
        span.decision_ns[rows],
        horizon_ns=int(span.due_ns[0] - span.decision_ns[0]),
        rows=span.plan.rule.volatility_rows,
    )
    proof = np.searchsorted(path.time_ns, span.due_ns[rows], side="left")
    return Windows(path, np.minimum(used, entry), entry, proof + 1)


def lanes_of(windows: Windows) -> Rows:
    """Put windows on as few lanes as there are windows that share one row.

    Returns
    -------
    ndarray of shape (n,)
        Lane of each window; windows of a lane share no row.
    """
    lane = np.zeros(len(windows.first), dtype=np.intp)
    free: list[tuple[int, int]] = []  # the row up to which a lane is taken, and it
    for k in np.argsort(windows.first, kind="stable"):
        taken = free and free[0][0] <= windows.first[k]
        lane[k] = heappop(free)[1] if taken else len(free)
        heappush(free, (int(windows.stop[k]), int(lane[k])))
    return lane


def moved(windows: Windows, lane: Rows, names: list[str], by: float) -> pl.DataFrame:
    """Return the rows of all windows, prices after each decision moved.

    Parameters
    ----------
    windows : Windows
        What to cut out.
    lane : ndarray of shape (n,)
        Of each window.
    names : list of str
        Instrument of each lane.
    by : float
        Added to prices after the row of the price at the decision.

    Returns
    -------
    polars.DataFrame
        Columns of bars or quotes, whichever the path is of.
    """
    length = windows.stop - windows.first
    offset = np.repeat(np.cumsum(length) - length, length)
    row = np.repeat(windows.first, length) + np.arange(length.sum()) - offset
    shift = np.where(row > np.repeat(windows.entry, length), by, 0.0)
    instrument = np.array(names)[np.repeat(lane, length)]
    return as_rows(windows.path, row, instrument, shift)


def as_rows(
    path: PricePath,
    row: Rows,
    instrument: NDArray[np.str_],
    shift: NDArray[np.float64] | float = 0.0,
) -> pl.DataFrame:
    """Write rows of a path as bars or quotes from which the same path is made.

    Parameters
    ----------
    path : PricePath
        Prices.
    row : ndarray of shape (n,)
        Which rows.
    instrument : ndarray of shape (n,)
        Name that each gets.
    shift : ndarray of shape (n,), or float
        Added to the prices.
    """
    price, time = path.price[row] + shift, path.time_ns[row]
    values: tuple[NDArray[np.generic], ...] = (time, time, price, price)
    if path.kind == "bar":
        high, low = path.high[row] + shift, path.low[row] + shift
        values = (path.begin_ns[row], time, path.known_ns[row], high, low, price)
    names = COLUMNS[path.kind]
    columns = pl.DataFrame(dict(zip(names, (instrument, *values), strict=True)))
    schema = RECORDS[path.kind].schema
    return columns.select(pl.col(name).cast(schema[name]) for name in names)


def part_of(windows: Windows, rows: Rows) -> Windows:
    """Return some of the windows."""
    return replace(
        windows,
        first=windows.first[rows],
        entry=windows.entry[rows],
        stop=windows.stop[rows],
    )
