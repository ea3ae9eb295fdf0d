"""The order book of one instrument from snapshots and deltas.

1. A message carries every change after ``previous_sequence`` up to ``last_sequence``.
   Venues that give no previous one (Binance spot) number without holes: it is
   ``first_sequence - 1``. Binance's futures give it, since their numbers have holes.
2. A message at or below the book's sequence is old and is dropped; one that begins at
   or below it and ends above is applied (sizes are absolute); any other leaves a gap.
3. After a gap, or a message that had to be refused, the book stands still and later
   messages wait, until the missing one comes or a snapshot covers it. Meanwhile every
   top is null: no wrong number leaves the book.
4. Nothing passes in silence: gaps, refused messages, crossed, locked and stale books
   are rows of `Book.faults`, dropped messages are counted in `Book.counts`.
"""

from typing import Any

import numpy as np
import polars as pl

from tradeloop.capture.book_faults import NEVER, Faults
from tradeloop.capture.book_grid import Float, Int, grid_of
from tradeloop.capture.book_levels import (
    APPLIED,
    BID,
    CROSSED,
    LOCKED,
    OLD,
    apply_rows,
    empty_levels,
    read_ladder,
    roomier,
    run_messages,
    verdict,
)
from tradeloop.capture.book_messages import (
    Messages,
    checked,
    messages_of,
    require_columns,
    starts_of,
)
from tradeloop.capture.book_top import STATES, WAITING, Tops
from tradeloop.clock import NS_PER_MINUTE

Found = tuple[Int, Int, Float]
_PAGES, _HIGHEST = 64, 2**16
_COUNTED = ("applied", "old", "refused", "snapshots", "old_snapshots", "given_up")


class Book:
    """Levels of one instrument, message by message: live and history are one.

    Parameters
    ----------
    tick_size : str or float
        The venue's. A price between two ticks is refused with its message.
    n_levels : int
        Levels a side that ``bid_depth``, ``ask_depth`` and ``imbalance`` sum up.
    stale_after_ns : int
        A longer silence between two messages is a fault.
    most_waiting : int
        Messages that may wait; beyond, the oldest is given up: then only a snapshot
        helps.
    """

    def __init__(
        self,
        tick_size: str | float,
        *,
        n_levels: int = 5,
        stale_after_ns: int = NS_PER_MINUTE,
        most_waiting: int = 10_000,
    ) -> None:
        self.grid, self.n_levels = grid_of(tick_size), n_levels
        self.most_waiting = most_waiting
        self.counts = dict.fromkeys(_COUNTED, 0)
        self.sequence: int | None = None
        self._heard = NEVER
        self._levels = empty_levels(_PAGES, _HIGHEST)
        self._waiting: list[Messages] = []
        self._rest: pl.DataFrame | None = None
        self._faults = Faults(stale_after_ns)

    @property
    def is_whole(self) -> bool:
        """Whether the book holds a snapshot and every message heard since."""
        return self.sequence is not None and self._heard <= self.sequence

    @property
    def faults(self) -> pl.DataFrame:
        """What was wrong so far, with the columns of `FAULT_SCHEMA`."""
        return self._faults.frame()

    def is_stale(self, now_ns: int) -> bool:
        """Whether no message came for longer than ``stale_after_ns``."""
        return self._faults.is_silent(now_ns)

    def levels(self, count: int) -> pl.DataFrame:
        """Best levels now: side (+1 bid, -1 ask), level from 0, price and size.

        Empty while the book is not whole.
        """
        ticks, sizes = self._ladder(count)
        there = ticks >= 0 if self.is_whole else np.zeros_like(ticks, bool)
        side, level = np.nonzero(there)
        return pl.DataFrame(
            {
                "side": np.where(side == BID, 1, -1).astype(np.int8),
                "level": level,
                "price": self.grid.prices(ticks[there]),
                "size": sizes[there],
            }
        )

    def update(self, deltas: pl.DataFrame, *, ends: bool = True) -> pl.DataFrame:
        """Take in rows, in the order in which they were received.

        Parameters
        ----------
        deltas : polars.DataFrame of shape (n_rows, any)
            Columns ``event_ns``, ``received_ns``, ``side`` (+1 bid, -1 ask), ``price``,
            ``size`` (0 takes the level away), ``first_sequence``, ``last_sequence``,
            ``is_snapshot`` and, where the venue has it, ``previous_sequence``. Rows of
            one message stand together.
        ends : bool
            Whether the last row ends its message; if not, that message waits for the
            next call.

        Returns
        -------
        polars.DataFrame of shape (n_messages, n_columns of TOP_SCHEMA)
            In the order in which they became known; ``received_ns`` of a message that
            had to wait is when the book could take it. Old messages have no row.

        Raises
        ------
        InputError
            A column is absent.
        """
        require_columns(deltas)
        if self._rest is not None:
            deltas, self._rest = pl.concat([self._rest, deltas]), None
        starts = starts_of(deltas)
        if not ends and deltas.height:
            deltas, self._rest = deltas[: starts[-2]], deltas[starts[-2] :]
            starts = starts[:-1]
        return self._follow(messages_of(deltas, starts, self.grid)).frame()

    def update_message(
        self,
        rows: tuple[Int, Float, Float],
        *,
        previous: int,
        last: int,
        times: tuple[int, int],
        is_snapshot: bool = False,
    ) -> dict[str, Any]:
        """Take in one whole message without a frame: what a live feed calls.

        Parameters
        ----------
        rows : tuple of ndarray, shape (n_rows,)
            Side (+1 bid, -1 ask; int64), price and size (float64).
        previous, last : int
            The message carries every change after ``previous`` up to ``last``.
        times : tuple of int
            ``event_ns`` and ``received_ns``.
        is_snapshot : bool

        Returns
        -------
        dict of str to ndarray of shape (n_messages,)
            What `update` gives, by name; a missing number is NaN.
        """
        heads = (
            np.array([0, rows[0].shape[0]]),
            np.array([previous]),
            np.array([last]),
            np.array([is_snapshot]),
        )
        stamps = np.array([times[0]]), np.array([times[1]])
        return self._follow(checked(heads, stamps, rows, self.grid)).arrays()

    def _follow(self, messages: Messages) -> Tops:
        """Take in whole messages."""
        tops = Tops(self.grid)
        self._faults.note_silence(messages)
        self._make_room(messages)
        at, found = 0, _found(messages.count, self.n_levels)
        while at < messages.count:
            if self._heard == self.sequence:
                at = self._run(messages, at, found, tops)
            if at < messages.count:
                self._take(messages.one(at), tops)
                at += 1
        return tops

    def _run(self, messages: Messages, first: int, found: Found, tops: Tops) -> int:
        """Apply messages in compiled code up to one that needs a closer look."""
        heads = (messages.starts, messages.previous, messages.last, messages.plain)
        span = (first, messages.count, self.sequence)
        at, self.sequence = run_messages(
            self._levels, messages.rows, heads, found, span
        )
        self._heard = self.sequence or 0
        states = found[0]
        rows = first + np.flatnonzero(states[first:at] != OLD)
        if rows.shape[0]:
            tops.add(messages, found, rows)
        self.counts["applied"] += rows.shape[0]
        self.counts["old"] += at - first - rows.shape[0]
        for row in rows[states[rows] != APPLIED]:
            self._faults.note(STATES[int(states[row])], messages, int(row))
        return int(at)

    def _take(self, message: Messages, tops: Tops) -> None:
        """Take in one message that may be anything."""
        if not message.snapshot[0]:
            self._listen(message)
        if message.fault[0]:
            self._refuse(message, tops)
        elif message.snapshot[0]:
            self._take_snapshot(message, tops)
        else:
            self._take_delta(message, tops)

    def _covers(self, sequence: int) -> bool:
        return self.sequence is not None and sequence <= self.sequence

    def _listen(self, message: Messages) -> None:
        """Follow the numbers of the deltas, whatever becomes of their content."""
        previous, last = int(message.previous[0]), int(message.last[0])
        known = self._heard
        if known == NEVER and self.sequence is not None:
            known = self.sequence  # the first delta must follow the snapshot
        if previous > known > NEVER:
            covered = self._covers(previous)
            reason = "gap_covered_by_snapshot" if covered else "gap"
            self._faults.note(reason, message, span=(known, previous))
        if last < 0 and self.sequence is not None:
            last = self.sequence + 1  # unknown: the next one shows what it was
        self._heard = max(self._heard, last)

    def _take_delta(self, message: Messages, tops: Tops) -> None:
        last = int(message.last[0])
        if not self._covers(int(message.previous[0])):
            self._wait(message, tops)
        elif last <= (self.sequence or 0):
            self.counts["old"] += 1
        else:
            self._apply(message, int(message.received_ns[0]), tops)
            self._resume(int(message.received_ns[0]), tops)

    def _take_snapshot(self, message: Messages, tops: Tops) -> None:
        last, known_ns = int(message.last[0]), int(message.received_ns[0])
        if self.sequence is not None and last < self.sequence:
            self.counts["old_snapshots"] += 1
            return
        self._levels = empty_levels(
            self._levels[0].shape[0], self._levels[4].shape[1] * 512 - 1
        )
        self._apply(message, known_ns, tops)
        self.counts["snapshots"] += 1
        self._resume(known_ns, tops)

    def _apply(self, message: Messages, known_ns: int, tops: Tops) -> None:
        end = int(message.starts[1])
        while not apply_rows(self._levels, message.rows, 0, end):
            self._grow()
        self.sequence = int(message.last[0])
        state = verdict(self._levels)
        if state in (CROSSED, LOCKED):
            self._faults.note(STATES[state], message)
        self.counts["applied"] += 1
        ladder = self._ladder(self.n_levels)
        tops.add_one(message, known_ns, state, ladder)

    def _wait(self, message: Messages, tops: Tops) -> None:
        self._waiting.append(message)
        if len(self._waiting) > self.most_waiting:
            self._waiting.pop(0)
            self.counts["given_up"] += 1
        self._say_waiting(message, int(message.received_ns[0]), tops)

    def _say_waiting(self, message: Messages, known_ns: int, tops: Tops) -> None:
        tops.add_one(message, known_ns, WAITING, self._ladder(self.n_levels))

    def _resume(self, known_ns: int, tops: Tops) -> None:
        """Apply what waited and now follows."""
        waited = sorted(self._waiting, key=lambda message: int(message.last[0]))
        self._waiting = []
        for message in waited:
            if int(message.last[0]) <= (self.sequence or 0):
                self.counts["old"] += 1
            elif int(message.previous[0]) <= (self.sequence or 0):
                self._apply(message, known_ns, tops)
            else:
                self._waiting.append(message)
        if self._waiting:
            self._say_waiting(self._waiting[0], known_ns, tops)

    def _refuse(self, message: Messages, tops: Tops) -> None:
        self.counts["refused"] += 1
        self._faults.note_refused(message)
        if not self.is_whole:
            self._say_waiting(message, int(message.received_ns[0]), tops)

    def _make_room(self, messages: Messages) -> None:
        highest = int(messages.tick.max(initial=0))
        if highest >= self._levels[4].shape[1] * 512:
            self._levels = roomier(self._levels, self._levels[0].shape[0], 2 * highest)

    def _grow(self) -> None:
        pages, words = self._levels[0].shape[0], self._levels[4].shape[1]
        self._levels = roomier(self._levels, 2 * pages, words * 512 - 1)

    def _ladder(self, count: int) -> tuple[Int, Float]:
        _, ticks, sizes = _found(1, count)
        read_ladder(self._levels, ticks, sizes, 0)
        return ticks[0], sizes[0]


def _found(count: int, n_levels: int) -> Found:
    """Room for what becomes of each message: state, ticks and sizes of the ladder."""
    shape = (count, 2, n_levels)
    return np.zeros(count, np.int64), np.empty(shape, np.int64), np.empty(shape)
