"""What a book says after each message."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from tradeloop.capture.book_grid import Float, Grid, Int
from tradeloop.capture.book_levels import APPLIED, ASK, BID, CROSSED, LOCKED
from tradeloop.capture.book_messages import Messages

WAITING = 0
STATES = {WAITING: "waiting", APPLIED: "ok", CROSSED: "crossed", LOCKED: "locked"}
_WORDS = np.array([STATES.get(state, "") for state in range(max(STATES) + 1)], object)

TOP_SCHEMA = {
    "event_ns": pl.Int64(),
    "received_ns": pl.Int64(),
    "sequence": pl.Int64(),
    "bid": pl.Float64(),
    "ask": pl.Float64(),
    "bid_size": pl.Float64(),
    "ask_size": pl.Float64(),
    "bid_depth": pl.Float64(),
    "ask_depth": pl.Float64(),
    "imbalance": pl.Float64(),
    "state": pl.String(),
}
"""One row a message. ``bid_depth``, ``ask_depth``: summed size of the best levels, base
units; ``imbalance``: their difference over their sum. ``state``: ``ok``, ``crossed`` or
``locked`` (given as the venue sent it), ``waiting`` (a message is missing or was
refused: everything is null until it comes, or a snapshot does)."""


@dataclass(slots=True)
class Tops:
    """Gathers the tops of a run of messages, block by block."""

    grid: Grid
    blocks: list[tuple[Int, Int, Float]] = field(default_factory=list)

    def add(self, messages: Messages, found: tuple[Int, Int, Float], rows: Int) -> None:
        """Add messages ``rows``, whose state and ladder stand in ``found``."""
        states, ticks, sizes = found
        times = messages.event_ns[rows], messages.received_ns[rows]
        head = np.stack([*times, messages.last[rows], states[rows]], axis=1)
        self.blocks.append((head, ticks[rows], sizes[rows]))

    def add_one(
        self, message: Messages, known_ns: int, state: int, ladder: tuple[Int, Float]
    ) -> None:
        """Add a single message that is known from ``known_ns`` on."""
        event_ns, last = int(message.event_ns[0]), int(message.last[0])
        head = np.array([[event_ns, known_ns, last, state]])
        self.blocks.append((head, ladder[0][None], ladder[1][None]))

    def arrays(self) -> dict[str, Any]:
        """Everything gathered, by the names of `TOP_SCHEMA`; missing is NaN."""
        if not self.blocks:
            return {name: np.empty(0) for name in TOP_SCHEMA}
        parts = zip(*self.blocks, strict=True)
        head, ticks, sizes = (
            part[0] if len(part) == 1 else np.concatenate(part) for part in parts
        )
        # A waiting book has no levels to show: it may be wrong.
        sizes = np.where((head[:, 3] == WAITING)[:, None, None], np.nan, sizes)
        prices = np.where(
            np.isnan(sizes[:, :, 0]), np.nan, self.grid.prices(ticks[:, :, 0])
        )
        bid_depth, ask_depth = depth(sizes[:, BID]), depth(sizes[:, ASK])
        whole = bid_depth + ask_depth
        with np.errstate(invalid="ignore"):
            imbalance = (bid_depth - ask_depth) / whole
        columns = (
            *head.T[:3],
            *prices.T,
            *sizes[:, :, 0].T,
            bid_depth,
            ask_depth,
            imbalance,
            _WORDS[head[:, 3]],
        )
        return dict(zip(TOP_SCHEMA, columns, strict=True))

    def frame(self) -> pl.DataFrame:
        """Everything gathered, as a frame; missing is null."""
        frame = pl.DataFrame(self.arrays(), schema=TOP_SCHEMA)
        return frame.with_columns(pl.col(pl.Float64).fill_nan(None))


def depth(sizes: Float) -> Float:
    """Sum sizes (n_messages, n_levels), always in one order; NaN of an empty side."""
    total = sizes[:, 0].copy()
    for level in range(1, sizes.shape[1]):
        total += np.where(np.isnan(sizes[:, level]), 0.0, sizes[:, level])
    return total
