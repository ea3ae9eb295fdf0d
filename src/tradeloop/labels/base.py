"""Known prices of one instrument, and the price at a due time.

1. `bar_path` and `tick_path` sort rows by when they were known and leave out what came
   after a later row, so that a path only ever grows at its end.
2. `rows_at` finds the row of each due time by bisection, and the row that settles it.
3. `price_at` gives price, end and state at these rows.

Two conventions hold for every label:

- The price at the decision is the last one received at or before it. It is the entry
  basis: no fill is assumed, costs are taken off apart.
- The price at the due time is, on bars, the close of the first bar that ends at or
  after it; on ticks, the last mid received at or before it (as-of, never the next),
  known once a tick at or after the due time proves that the feed was alive.
"""

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from tradeloop.errors import InputError

Floats = NDArray[np.float64]
Times = NDArray[np.int64]
States = NDArray[np.int8]

MISSING_NS = int(np.iinfo(np.int64).min)  # a time that is not known, in arrays
LABELLED, PENDING, CENSORED = np.int8(0), np.int8(1), np.int8(2)


@dataclass(frozen=True, slots=True, eq=False)
class PricePath:
    """Prices of one instrument in the order in which they were known.

    Parameters
    ----------
    kind : {"bar", "tick"}
        How prices between rows are to be read.
    begin_ns : ndarray of shape (n_rows,)
        Start of what a row tells: open of the bar; time of the tick. Never falls.
    time_ns : ndarray of shape (n_rows,)
        When the price stood: end of the bar; receipt of the tick. Never falls; rises on
        bars.
    known_ns : ndarray of shape (n_rows,)
        When the row was known, at or after ``time_ns``. Never falls.
    price : ndarray of shape (n_rows,)
        Close or mid, above 0 and finite.
    high, low : ndarray of shape (n_rows,)
        Highest and lowest price of the row; the mid on ticks.
    left_out : int
        Rows that were not taken because they came after a later one.

    Raises
    ------
    InputError
        Arrays of different lengths, times out of order, or a price that is not finite
        or not above 0.
    """

    kind: Literal["bar", "tick"]
    begin_ns: Times
    time_ns: Times
    known_ns: Times
    price: Floats
    high: Floats
    low: Floats
    left_out: int = 0

    def __post_init__(self) -> None:
        times = (self.begin_ns, self.time_ns, self.known_ns)
        values = (self.price, self.high, self.low)
        if len({len(array) for array in times + values}) != 1:
            raise InputError(
                "The arrays of a price path must have one length.",
                way_out="Give one entry per row to each.",
            )
        least = 1 if self.kind == "bar" else 0
        ordered = all((np.diff(array) >= 0).all() for array in times)
        if not ordered or (np.diff(self.time_ns) < least).any():
            raise InputError(
                "The times of a price path must not fall, and rise on bars.",
                way_out="Make the path with bar_path or tick_path, which sort.",
            )
        for array in values:
            wrong = ~(np.isfinite(array) & (array > 0))
            if wrong.any():
                row = int(wrong.argmax())
                raise InputError(
                    f"A price must be finite and above 0, was {array[row]} at "
                    f"{self.time_ns[row]} ns.",
                    way_out="Returns need prices above 0: put such rows aside.",
                    row=row,
                )

    def __len__(self) -> int:
        return len(self.price)

    def known_by(self, as_of_ns: int) -> "PricePath":
        """Return the rows that were known at ``as_of_ns``; they are never copied."""
        stop = int(np.searchsorted(self.known_ns, as_of_ns, side="right"))
        return replace(
            self,
            begin_ns=self.begin_ns[:stop],
            time_ns=self.time_ns[:stop],
            known_ns=self.known_ns[:stop],
            price=self.price[:stop],
            high=self.high[:stop],
            low=self.low[:stop],
        )


def _never_behind(times: Times) -> NDArray[np.bool_]:
    """Whether each time is at or after all times before it."""
    return np.asarray(times >= np.maximum.accumulate(times), dtype=np.bool_)


def bar_path(bars: pl.DataFrame) -> PricePath:
    """Prices of one instrument from its bars.

    A bar is known when it was received, but not before its end. A bar that comes after
    a later one is left out: a label once made must not change with it. High and low
    are widened to hold the close.

    Parameters
    ----------
    bars : polars.DataFrame of shape (n_bars, any)
        Columns open_ns, event_ns, received_ns, high, low, close of the bar record, in
        any order of rows.

    Raises
    ------
    InputError
        A price is not finite or not above 0.
    """
    known = pl.max_horizontal("received_ns", "event_ns").alias("known_ns")
    rows = bars.select("open_ns", "event_ns", known, "high", "low", "close")
    rows = rows.sort("known_ns", "event_ns", "open_ns", maintain_order=True)
    begin, time = rows["open_ns"].to_numpy(), rows["event_ns"].to_numpy()
    keep = _never_behind(begin) & _never_behind(time)
    keep[1:] &= np.diff(np.maximum.accumulate(time)) > 0
    close, high, low = (_floats(rows[name])[keep] for name in ("close", "high", "low"))
    return PricePath(
        "bar",
        begin[keep],
        time[keep],
        rows["known_ns"].to_numpy()[keep],
        close,
        np.maximum(high, close),
        np.minimum(low, close),
        left_out=int((~keep).sum()),
    )


def tick_path(quotes: pl.DataFrame) -> PricePath:
    """Mids of one instrument from its quotes, on the clock of their receipt.

    A quote that the venue stamped before one already received is left out as stale.

    Parameters
    ----------
    quotes : polars.DataFrame of shape (n_quotes, any)
        Columns event_ns, received_ns, bid, ask of the quote record. Quotes of one
        instant keep the order of their rows.

    Raises
    ------
    InputError
        A mid is not finite or not above 0.
    """
    mid = ((pl.col("bid") + pl.col("ask")) / 2).alias("mid")
    rows = quotes.select("event_ns", "received_ns", mid)
    rows = rows.sort("received_ns", "event_ns", maintain_order=True)
    keep = _never_behind(rows["event_ns"].to_numpy())
    time, price = rows["received_ns"].to_numpy()[keep], _floats(rows["mid"])[keep]
    left_out = int((~keep).sum())
    return PricePath("tick", time, time, time, price, price, price, left_out)


def _floats(column: pl.Series) -> Floats:
    """Return the column with NaN for null, which the path then refuses."""
    return np.asarray(column.fill_null(float("nan")).to_numpy(), dtype=np.float64)


class DueRows(NamedTuple):
    """Where the prices at some due times stand in a path.

    Parameters
    ----------
    row : ndarray of shape (n,)
        Row of the price, -1 where there is none.
    end_ns : ndarray of shape (n,)
        When the price was known, `MISSING_NS` where it is not.
    state : ndarray of shape (n,)
        `LABELLED`, `PENDING` or `CENSORED`.
    """

    row: NDArray[np.intp]
    end_ns: Times
    state: States


def rows_at(path: PricePath, due_ns: ArrayLike, *, wait_ns: int) -> DueRows:
    """Find the row of the price at each due time; the rules are those of `price_at`."""
    due = np.asarray(due_ns, dtype=np.int64)
    if not len(path):
        nothing = np.full(due.shape, -1, dtype=np.intp)
        return DueRows(
            nothing, np.full(due.shape, MISSING_NS), np.full(due.shape, PENDING)
        )
    after = np.searchsorted(path.time_ns, due, side="left")
    arrived = after < len(path)
    proof = np.minimum(after, len(path) - 1)  # the row that settles the price
    row = proof
    if path.kind == "tick":
        row = np.searchsorted(path.time_ns, due, side="right") - 1
    waited = path.time_ns[proof] - (due if path.kind == "bar" else path.time_ns[row])
    state = np.where(arrived, LABELLED, PENDING)
    state[arrived & ((row < 0) | (waited > wait_ns))] = CENSORED
    known = state == LABELLED
    return DueRows(
        np.where(known, row, -1),
        np.where(known, path.known_ns[proof], MISSING_NS),
        state.astype(np.int8),
    )


class PricesAt(NamedTuple):
    """Prices at some due times.

    Parameters
    ----------
    price : ndarray of shape (n,)
        NaN where it is not known.
    end_ns : ndarray of shape (n,)
        When it was known, `MISSING_NS` where it is not.
    state : ndarray of shape (n,)
        `LABELLED` known, `PENDING` not yet, `CENSORED` never.
    """

    price: Floats
    end_ns: Times
    state: States


def price_at(path: PricePath, due_ns: ArrayLike, *, wait_ns: int) -> PricesAt:
    """Price at each due time, and when it was known.

    Bars: close of the first bar that ends at or after the due time; censored where
    that bar ends more than ``wait_ns`` after it. Ticks: last mid received at or before
    the due time, known at the first tick at or after it; censored where these two are
    more than ``wait_ns`` apart. Pending where no such bar or tick is there yet. A
    recording that ends is no proof that a quote still stood, hence pending.

    Parameters
    ----------
    path : PricePath
        Rows known so far.
    due_ns : array_like of shape (n,)
        ns UTC, in any order.
    wait_ns : int
        Longest gap, ns.
    """
    row, end_ns, state = rows_at(path, due_ns, wait_ns=wait_ns)
    return PricesAt(prices_of(path.price, row), end_ns, state)


def prices_of(values: Floats, row: NDArray[np.intp]) -> Floats:
    """Return the values at these rows; NaN where the row is -1."""
    found = np.full(row.shape, np.nan)
    known = row >= 0
    found[known] = values[row[known]]
    return found
