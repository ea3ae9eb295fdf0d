"""Rows of book deltas to whole messages, each with what is wrong with it."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.capture.book_grid import Float, Grid, Int
from tradeloop.capture.book_levels import ASK, BID
from tradeloop.errors import InputError

Bool = NDArray[np.bool_]

NEEDED = (
    "event_ns",
    "received_ns",
    "side",
    "price",
    "size",
    "first_sequence",
    "last_sequence",
    "is_snapshot",
)
"""Columns of a delta; ``previous_sequence`` and ``instrument`` may come with them."""

SOUND, BAD_SIDE, BAD_SIZE, OFF_GRID, NO_SEQUENCE = range(5)
REASONS = ("", "side_unknown", "size_not_valid", "price_off_grid", "sequence_missing")
"""What is wrong with a message, by number."""


@dataclass(frozen=True, slots=True, eq=False)
class Messages:
    """Messages of one instrument in the order of their receipt.

    Parameters
    ----------
    starts : ndarray of int64, shape (n_messages + 1,)
        Rows of message ``m`` are ``starts[m]`` to ``starts[m + 1]``.
    previous, last : ndarray of int64, shape (n_messages,)
        Every change after ``previous`` up to ``last`` is in the message; for a snapshot
        ``previous`` is -1: everything up to ``last`` is in it.
    event_ns, received_ns : ndarray of int64, shape (n_messages,)
    fault : ndarray of int64, shape (n_messages,)
        Position in `REASONS`.
    snapshot : ndarray of bool, shape (n_messages,)
    side, tick : ndarray of int64, shape (n_rows,)
        ``BID`` or ``ASK``; whole ticks.
    size, price : ndarray of float64, shape (n_rows,)
    """

    starts: Int
    previous: Int
    last: Int
    event_ns: Int
    received_ns: Int
    fault: Int
    snapshot: Bool
    side: Int
    tick: Int
    size: Float
    price: Float

    @property
    def count(self) -> int:
        """Number of messages."""
        return int(self.last.shape[0])

    @property
    def plain(self) -> Bool:
        """Sound deltas: what compiled code may apply."""
        sound: Bool = self.fault == SOUND
        return sound & ~self.snapshot

    @property
    def rows(self) -> tuple[Int, Int, Float]:
        """Side, tick and size of every row."""
        return self.side, self.tick, self.size

    def one(self, at: int) -> "Messages":
        """Copy one message out."""
        rows = slice(self.starts[at], self.starts[at + 1])
        head = slice(at, at + 1)
        return Messages(
            starts=self.starts[at : at + 2] - self.starts[at],
            previous=self.previous[head].copy(),
            last=self.last[head].copy(),
            event_ns=self.event_ns[head].copy(),
            received_ns=self.received_ns[head].copy(),
            fault=self.fault[head].copy(),
            snapshot=self.snapshot[head].copy(),
            side=self.side[rows].copy(),
            tick=self.tick[rows].copy(),
            size=self.size[rows].copy(),
            price=self.price[rows].copy(),
        )


def starts_of(deltas: pl.DataFrame) -> Int:
    """First row of each message: where sequence or kind changes, and the end.

    Returns
    -------
    ndarray of int64, shape (n_messages + 1,)
    """
    if deltas.height == 0:
        return np.zeros(1, np.int64)
    last = _whole(deltas["last_sequence"])
    snapshot = deltas["is_snapshot"].to_numpy()
    new = np.flatnonzero((last[1:] != last[:-1]) | (snapshot[1:] != snapshot[:-1])) + 1
    return np.concatenate([[0], new, [deltas.height]]).astype(np.int64)


def messages_of(deltas: pl.DataFrame, starts: Int, grid: Grid) -> Messages:
    """Read whole messages.

    Parameters
    ----------
    deltas : polars.DataFrame of shape (n_rows, any)
        Columns `NEEDED`, of one instrument.
    starts : ndarray of int64, shape (n_messages + 1,)
        See `starts_of`.
    grid : Grid
    """
    heads = deltas[starts[:-1]]
    snapshot = heads["is_snapshot"].to_numpy()
    last, first = _whole(heads["last_sequence"]), _whole(heads["first_sequence"])
    previous = np.where(first < 0, -1, first - 1)
    if "previous_sequence" in heads.columns:
        told = _whole(heads["previous_sequence"])
        previous = np.where(told >= 0, told, previous)
    rows = _float(deltas["price"]), _float(deltas["size"])
    side = deltas["side"].fill_null(0).cast(pl.Int64).to_numpy()
    times = _whole(heads["event_ns"]), _whole(heads["received_ns"])
    return checked((starts, previous, last, snapshot), times, (side, *rows), grid)


def checked(
    heads: tuple[Int, Int, Int, Bool],
    times: tuple[Int, Int],
    rows: tuple[Int, Float, Float],
    grid: Grid,
) -> Messages:
    """Check messages given as arrays.

    Parameters
    ----------
    heads : tuple of ndarray
        Starts, previous and last sequences, and which are snapshots.
    times : tuple of ndarray of int64, shape (n_messages,)
        ``event_ns``, ``received_ns``.
    rows : tuple of ndarray, shape (n_rows,)
        Side (+1, -1), price and size.
    grid : Grid
    """
    starts, previous, last, snapshot = heads
    side, price, size = rows
    unknown = (last < 0) | (~snapshot & (previous < 0))
    tick, on_grid = grid.ticks(price)
    fault = np.zeros(price.shape[0], np.int64)
    fault[~on_grid] = OFF_GRID
    fault[~(np.isfinite(size) & (size >= 0.0))] = BAD_SIZE
    fault[np.abs(side) != 1] = BAD_SIDE
    of_rows = np.maximum.reduceat(fault, starts[:-1]) if last.shape[0] else fault
    return Messages(
        starts,
        np.where(snapshot, -1, previous),
        last,
        *times,
        np.where(unknown, NO_SEQUENCE, of_rows),
        snapshot,
        np.where(side > 0, BID, ASK),
        tick,
        size,
        price,
    )


def require_columns(deltas: pl.DataFrame) -> None:
    """Refuse a frame that lacks a column of a delta.

    Raises
    ------
    InputError
        One of `NEEDED` is absent.
    """
    absent = [name for name in NEEDED if name not in deltas.columns]
    if absent:
        raise InputError(
            f"Book deltas lack {', '.join(absent)}.",
            way_out=f"A delta has the columns {', '.join(NEEDED)}.",
            source="deltas",
            column=absent[0],
        )


def _whole(column: pl.Series) -> Int:
    return column.cast(pl.Int64).fill_null(-1).to_numpy(writable=True)


def _float(column: pl.Series) -> Float:
    return column.cast(pl.Float64).fill_null(np.nan).to_numpy(writable=True)
