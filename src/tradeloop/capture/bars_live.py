"""Bars as ticks come: the only way to bars, for history as for live."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from tradeloop.capture.bars_fold import (
    CLOSE,
    CLOSED_NS,
    KNOWN_NS,
    LAST_NS,
    N_BAR_FLOATS,
    N_BAR_INTS,
    STANDS,
    Float,
    Int,
    State,
    Ticks,
    close_at,
    coded,
    fold_ticks,
    fresh_state,
    peek,
)
from tradeloop.capture.bars_rules import DOLLAR, VOLUME, BarRule, Feed
from tradeloop.capture.bars_ticks import ticks_of
from tradeloop.errors import InputError
from tradeloop.events import BAR

COUNTS = ("n_quotes", "n_trades")
"""Columns beside those of BAR: how many ticks are in the bar."""

SCHEMA = {**BAR.schema, **dict.fromkeys(COUNTS, pl.Int64())}

_INTS = ("open_ns", "event_ns", "received_ns", *COUNTS)
_FLOATS = (
    *("open", "high", "low", "close", "volume"),
    *("bid", "ask", "bid_size", "ask_size", "signed_volume"),
)
_ROOM = 65_536
_TRADES = Feed()
_ONE = np.ones(1, np.bool_), np.zeros(1, np.bool_)


class Bars:
    """Bars of any number of instruments, tick by tick or many at once.

    Parameters
    ----------
    rule : BarRule
        When a bar ends.
    feeds : Feed or mapping of str to Feed
        What is heard of all instruments, or of each.

    Raises
    ------
    InputError
        Volume or dollar bars are to have mids as prices: quotes have no volume.
    """

    def __init__(
        self, rule: BarRule, feeds: Feed | Mapping[str, Feed] = _TRADES
    ) -> None:
        self.rule, self.feeds = rule, feeds
        every = [feeds] if isinstance(feeds, Feed) else feeds.values()
        if rule.kind in (VOLUME, DOLLAR) and any(f.prices == "mid" for f in every):
            raise InputError(
                "Volume and dollar bars need prices of trades: quotes have no volume.",
                way_out='Use prices="trade", or time, tick or imbalance bars.',
                source="feeds",
            )
        self._of: dict[str, tuple[tuple[Int, Float], State]] = {}
        self._small = _room(2)

    def update(
        self, quotes: pl.DataFrame | None = None, trades: pl.DataFrame | None = None
    ) -> pl.DataFrame:
        """Take ticks in and return the bars that they completed.

        Parameters
        ----------
        quotes, trades : polars.DataFrame, optional
            Columns of QUOTE and TRADE, each in the order of events within an
            instrument. Of ticks at one time quotes come first.

        Returns
        -------
        polars.DataFrame of shape (n_bars, n_columns of BAR + 2)
            By instrument, then in order. ``event_ns`` is the end of a time bar, else
            that of the tick that completed it; ``received_ns`` is when all that is in
            it was known, the quote that stands included. No later tick changes it.

        Raises
        ------
        InputError
            A tick is earlier than one before it, or belongs to a bar that is closed:
            that is for `tradeloop.capture.versions`.
        """
        parts = ticks_of(quotes, trades)
        for name, ticks in parts.items():
            _require_order(name, ticks[0], self.state(name)[1])
        frames = [self._fold(name, parts[name]) for name in sorted(parts)]
        return pl.concat(frames) if frames else pl.DataFrame(schema=SCHEMA)

    def quote(
        self,
        instrument: str,
        times: tuple[int, int],
        bid: float,
        ask: float,
        bid_size: float | None = None,
        ask_size: float | None = None,
    ) -> dict[str, Any] | None:
        """Take one quote in; return the bar that it completed, if any.

        Parameters
        ----------
        times : tuple of int
            ``event_ns`` and ``received_ns``. The others are the columns of QUOTE.
        """
        values = bid, ask, _nan(bid_size), _nan(ask_size)
        return self._one(instrument, times, values, is_quote=True)

    def trade(
        self,
        instrument: str,
        times: tuple[int, int],
        price: float,
        size: float,
        side: int = 0,
    ) -> dict[str, Any] | None:
        """Take one trade in; return the bar that it completed, if any.

        Parameters
        ----------
        times : tuple of int
            ``event_ns`` and ``received_ns``. The others are the columns of TRADE.
        """
        values = price, size, float(side), np.nan
        return self._one(instrument, times, values, is_quote=False)

    def advance(self, to_ns: int) -> pl.DataFrame:
        """Close the time bars that ended at ``to_ns`` or before, ticks or no ticks."""
        frames = []
        for name in sorted(self._of):
            (codes, _), state = self._of[name]
            count = close_at(codes, state, self._small, to_ns)
            ints, floats = self._small
            frames.append(_frame(name, ints[:count], floats[:count]))
        return pl.concat(frames) if frames else pl.DataFrame(schema=SCHEMA)

    def unfinished(self) -> pl.DataFrame:
        """Bars that are open, as they would be if they ended now."""
        frames = []
        for name in sorted(self._of):
            (codes, _), state = self._of[name]
            count = peek(codes, state, self._small)
            ints, floats = self._small
            frames.append(_frame(name, ints[:count], floats[:count]))
        return pl.concat(frames) if frames else pl.DataFrame(schema=SCHEMA)

    def state(self, instrument: str) -> tuple[tuple[Int, Float], State]:
        """Rule and state of one instrument; a new one starts fresh.

        Raises
        ------
        InputError
            No feed is given for it.
        """
        if instrument not in self._of:
            feed = (
                self.feeds
                if isinstance(self.feeds, Feed)
                else self.feeds.get(instrument)
            )
            if feed is None:
                raise InputError(
                    "Nothing says what is heard of this instrument.",
                    way_out="Give it a Feed.",
                    source=instrument,
                )
            self._of[instrument] = coded(self.rule, feed), fresh_state(self.rule)
        return self._of[instrument]

    def stand(self, instrument: str, quote: tuple[float, ...], known_ns: int) -> None:
        """Start an instrument at a quote that stands: bid, ask and their sizes."""
        _, (ints, floats) = self.state(instrument)
        ints[KNOWN_NS] = known_ns
        floats[CLOSE], floats[STANDS] = (quote[0] + quote[1]) / 2.0, quote

    def whole(self, instrument: str, ticks: Ticks) -> dict[str, Any] | None:
        """Fold all ticks of one time bar at once and return it; None without a price.

        ``ticks`` are arrays as `tradeloop.capture.bars_fold.Ticks` describes them.
        """
        rule, state = self.state(instrument)
        at = 0
        while at < ticks[0].shape[0]:
            at, _ = fold_ticks(rule, state, ticks, self._small, at)
        if not peek(rule[0], state, self._small):
            return None
        return _row(instrument, self._small[0][0], self._small[1][0])

    def _fold(self, name: str, ticks: Ticks) -> pl.DataFrame:
        rule, state = self.state(name)
        ints, floats, at, room = [], [], 0, _room(min(_ROOM, ticks[0].shape[0]))
        while at < ticks[0].shape[0]:
            at, count = fold_ticks(rule, state, ticks, room, at)
            ints.append(room[0][:count].copy())
            floats.append(room[1][:count].copy())
        state[0][LAST_NS] = ticks[0][-1] if at else state[0][LAST_NS]
        if not ints:
            return pl.DataFrame(schema=SCHEMA)
        return _frame(name, np.concatenate(ints), np.concatenate(floats))

    def _one(
        self,
        name: str,
        times: tuple[int, int],
        values: tuple[float, float, float, float],
        *,
        is_quote: bool,
    ) -> dict[str, Any] | None:
        rule, state = self.state(name)
        event_ns = np.array([times[0]])
        _require_order(name, event_ns, state)
        table = np.array(values).reshape(4, 1)
        kind = _ONE[0] if is_quote else _ONE[1]
        ticks = (event_ns, np.array([times[1]]), kind, *table)
        _, count = fold_ticks(rule, state, ticks, self._small, 0)
        state[0][LAST_NS] = times[0]
        return _row(name, *(part[0] for part in self._small)) if count else None


def _require_order(name: str, event_ns: Int, state: State) -> None:
    """Refuse ticks that run back in time, or into a bar that is closed."""
    if event_ns.shape[0] == 0:
        return
    since = int(max(state[0][LAST_NS], state[0][CLOSED_NS]))
    back = np.flatnonzero(event_ns[1:] < event_ns[:-1])
    if event_ns[0] >= since and not back.size:
        return
    row = 0 if event_ns[0] < since else int(back[0]) + 1
    raise InputError(
        f"A tick at {event_ns[row]} comes after {max(since, int(event_ns[row - 1]))}.",
        way_out="Sort ticks by event_ns; late ones are for BarVersions.",
        source=name,
        column="event_ns",
        row=row,
    )


def _room(count: int) -> tuple[Int, Float]:
    return np.empty((count, N_BAR_INTS), np.int64), np.empty((count, N_BAR_FLOATS))


def _frame(name: str, ints: Int, floats: Float) -> pl.DataFrame:
    columns = {
        **dict(zip(_INTS, ints.T, strict=True)),
        **dict(zip(_FLOATS, floats.T, strict=True)),
    }
    # Copied: the frame must not share the room that the next bars are written to.
    frame = pl.DataFrame({key: column.copy() for key, column in columns.items()})
    return frame.select(
        pl.lit(name).alias("instrument") if column == "instrument" else column
        for column in SCHEMA
    ).with_columns(pl.col(pl.Float64).fill_nan(None))


def _row(name: str, ints: Int, floats: Float) -> dict[str, Any]:
    values: dict[str, Any] = dict(zip(_INTS, ints.tolist(), strict=True))
    for key, value in zip(_FLOATS, floats.tolist(), strict=True):
        values[key] = None if value != value else value
    return {"instrument": name} | {key: values[key] for key in list(SCHEMA)[1:]}


def _nan(value: float | None) -> float:
    return np.nan if value is None else value
