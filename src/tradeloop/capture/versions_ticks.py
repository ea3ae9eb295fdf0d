"""Ticks with what tells a correction from a new tick, and what a bar holds of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

_QUOTE = ("bid", "ask", "bid_size", "ask_size")
_TRADE = ("price", "size", "side")


@dataclass(frozen=True, slots=True)
class Tick:
    """A quote or a trade.

    Parameters
    ----------
    instrument : str
    event_ns, received_ns : int
    is_quote : bool
    id : tuple
        Equal for a tick and its corrections.
    rank : tuple
        Place among the ticks of one time: by id, else by content.
    values : tuple of float
        bid, ask and sizes, or price, size, side; NaN where missing.
    """

    instrument: str
    event_ns: int
    received_ns: int
    is_quote: bool
    id: tuple[Any, ...]
    rank: tuple[Any, ...]
    values: tuple[float, float, float, float]

    @property
    def content(self) -> tuple[Any, ...]:
        """What a correction changes; a missing number equals a missing one."""
        return self.event_ns, tuple(v if v == v else None for v in self.values)


@dataclass(slots=True)
class Bucket:
    """The ticks of one bar, each with all that was ever received of it.

    Parameters
    ----------
    revisions : dict
        By id, in the order of receipt: when received, and the tick, or None once it
        stands in another bar.
    last_quote : Tick, optional
        Of the bar as last computed.
    told : dict, optional
        The version told last.
    """

    revisions: dict[Any, list[tuple[int, Tick | None]]] = field(default_factory=dict)
    last_quote: Tick | None = None
    told: dict[str, Any] | None = None

    def put(self, tick: Tick) -> None:
        """Add a tick, or a correction of it."""
        self.revisions.setdefault(tick.id, []).append((tick.received_ns, tick))

    def take_out(self, tick: Tick) -> None:
        """Note that a tick stands in another bar from its correction on."""
        self.revisions[tick.id].append((tick.received_ns, None))

    def holds(self, tick: Tick) -> bool:
        """Whether the tick stands here with this very content."""
        now = self.revisions[tick.id][-1][1]
        return now is not None and now.content == tick.content

    def known(self, known_ns: int) -> list[Tick]:
        """Ticks of the bar as they were known at a time, in their order."""
        found = []
        for told in self.revisions.values():
            now = [tick for received_ns, tick in told if received_ns <= known_ns]
            if now and now[-1] is not None:
                found.append(now[-1])
        return sorted(found, key=lambda tick: (tick.event_ns, *tick.rank))


def ticks_received(
    quotes: pl.DataFrame | None, trades: pl.DataFrame | None
) -> Iterator[Tick]:
    """Ticks of both frames in the order of receipt.

    Parameters
    ----------
    quotes, trades : polars.DataFrame, optional
        Columns of QUOTE and TRADE.
    """
    ticks = (
        [] if quotes is None else [_quote(row) for row in quotes.iter_rows(named=True)]
    )
    ticks += (
        [] if trades is None else [_trade(row) for row in trades.iter_rows(named=True)]
    )
    return iter(sorted(ticks, key=lambda tick: tick.received_ns))


def _quote(row: Mapping[str, Any]) -> Tick:
    values = tuple(np.nan if row[name] is None else row[name] for name in _QUOTE)
    number = row["sequence"]
    return _tick(row, values, () if number is None else (number,), is_quote=True)


def _trade(row: Mapping[str, Any]) -> Tick:
    values = (row["price"], row["size"], float(row["side"]), np.nan)
    name = row["trade_id"]
    # Numbers as text: the shorter is the smaller.
    return _tick(row, values, () if name is None else (len(name), name), is_quote=False)


def _tick(
    row: Mapping[str, Any], values: Any, own: tuple[Any, ...], *, is_quote: bool
) -> Tick:
    """Without an id of its own, a tick is told by its time and content."""
    shown = tuple(-np.inf if value != value else value for value in values)
    key = (is_quote, *own) if own else (is_quote, row["event_ns"], *shown)
    rank = (not is_quote, bool(own), own, shown)
    return Tick(
        row["instrument"],
        row["event_ns"],
        row["received_ns"],
        is_quote,
        key,
        rank,
        values,
    )
