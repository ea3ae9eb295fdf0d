"""The book as rows of depths: what stands in the best 1, 5, 10 and 20 levels.

These are the raw columns of the stream ``book``. Live and history are one: `DepthBook`
is a `Book` whose rows say more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from tradeloop.capture.book import Book
from tradeloop.capture.book_grid import learn_grid
from tradeloop.capture.book_levels import ASK, BID
from tradeloop.capture.book_messages import Messages
from tradeloop.capture.book_top import TOP_SCHEMA, WAITING, Tops, depth

LEVELS = (5, 10, 20)
"""Depths that are summed up; level 1 is ``bid_size`` and ``ask_size``."""

_TOP = ("event_ns", "received_ns", "sequence", "bid", "ask", "bid_size", "ask_size")
_SIDES = (("bid", BID), ("ask", ASK))

DEPTH_SCHEMA = {
    **{name: TOP_SCHEMA[name] for name in _TOP},
    **{f"{side}_depth_{n}": pl.Float64() for n in LEVELS for side, _ in _SIDES},
    **{f"{side}_{n}": pl.Float64() for n in LEVELS for side, _ in _SIDES},
    "state": TOP_SCHEMA["state"],
}
"""One row a message. ``bid_depth_5``: summed size of the best five bids, base units;
``bid_5``: price of the fifth, missing where a side has fewer levels. The others as in
`tradeloop.capture.book_top.TOP_SCHEMA`."""


@dataclass(slots=True)
class DepthTops(Tops):
    """Gathers what a book says after each message, with its depths."""

    def arrays(self) -> dict[str, Any]:
        """Everything gathered, by the names of `DEPTH_SCHEMA`; missing is NaN."""
        if not self.blocks:
            return {name: np.empty(0) for name in DEPTH_SCHEMA}
        found = Tops(self.grid, self.blocks).arrays()
        head, ticks, sizes = (
            np.concatenate(part) for part in zip(*self.blocks, strict=True)
        )
        waiting = (head[:, 3] == WAITING)[:, None, None]
        sizes = np.where(waiting, np.nan, sizes)
        prices = np.where(np.isnan(sizes), np.nan, self.grid.prices(ticks))
        for name, side in _SIDES:
            for n in LEVELS:
                found[f"{name}_depth_{n}"] = depth(sizes[:, side, :n])
                found[f"{name}_{n}"] = prices[:, side, n - 1]
        return {name: found[name] for name in DEPTH_SCHEMA}

    def frame(self) -> pl.DataFrame:
        """Everything gathered, as a frame; missing is null."""
        frame = pl.DataFrame(self.arrays(), schema=DEPTH_SCHEMA)
        return frame.with_columns(pl.col(pl.Float64).fill_nan(None))


class DepthBook(Book):
    """A book whose `update` and `update_message` give the columns of `DEPTH_SCHEMA`.

    Parameters
    ----------
    tick_size, stale_after_ns, most_waiting
        See `Book`.
    """

    def __init__(self, tick_size: str | float, **options: int) -> None:
        super().__init__(tick_size, n_levels=max(LEVELS), **options)

    def _follow(self, messages: Messages) -> Tops:
        return DepthTops(self.grid, super()._follow(messages).blocks)


def replay_depths(
    deltas: pl.DataFrame, *, tick_sizes: Mapping[str, str | float] | None = None
) -> pl.DataFrame:
    """Depths of the books of all instruments over a history.

    Parameters
    ----------
    deltas : polars.DataFrame of shape (n_rows, any)
        As for `tradeloop.capture.book_replay.replay_book`.
    tick_sizes : mapping, optional
        By instrument; without one it is learnt from all of its prices.

    Returns
    -------
    polars.DataFrame
        ``instrument`` and the columns of `DEPTH_SCHEMA`; instruments in the order of
        their first row, then messages in the order in which they became known.

    Raises
    ------
    InputError
        A column is absent, or no tick size fits an instrument's prices.
    """
    found = [_depths_of(pl.DataFrame(schema=dict(DEPTH_SCHEMA)), "")]
    for (name,), own in deltas.group_by("instrument", maintain_order=True):
        tick = (tick_sizes or {}).get(str(name))
        if tick is None:
            grid = learn_grid(own["price"].drop_nulls().cast(pl.Float64).to_numpy())
            tick = str(Decimal(grid.num) / Decimal(grid.den))
        found.append(_depths_of(DepthBook(tick).update(own), str(name)))
    return pl.concat(found)


def _depths_of(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    return rows.select(pl.lit(name).alias("instrument"), *DEPTH_SCHEMA)
