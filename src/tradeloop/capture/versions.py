"""Time bars under late and corrected ticks: versions, so that the past stays as it was.

1. A bar is first told at its end plus ``settle_ns``, from the ticks received by then:
   version 1. That is what a decision at that time could know.
2. A tick received later, or a correction (an id that came before with another content),
   makes a new version of each bar whose content it changes: known from its receipt on,
   never before. A copy of a tick changes nothing.
3. Only touched bars are computed anew: the bar of the tick, the one that a correction
   moves it out of, and bars without quotes of their own that stand at a changed quote.
4. Ticks of one time stand in the order of their ids, so that bars do not depend on the
   order in which ticks arrived.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Mapping
from heapq import heappop, heappush
from typing import Any

import numpy as np
import polars as pl

from tradeloop.capture.bars_live import SCHEMA, Bars
from tradeloop.capture.bars_rules import Feed, time_bars
from tradeloop.capture.versions_ticks import Bucket, Tick, ticks_received
from tradeloop.errors import InputError

VERSION_SCHEMA = {**SCHEMA, "version": pl.Int64(), "is_void": pl.Boolean()}
"""Columns of Bars, then the version from 1 on, and whether the bar lost its last tick
with it; a void row repeats the last content. ``received_ns`` is when the version became
known."""

_Row = dict[str, Any]


class BarVersions:
    """Time bars of any number of instruments with all their versions.

    Every tick is kept, so that any of them can be corrected.

    Parameters
    ----------
    length : str or int
        Length of the bars, such as ``1m``, or ns.
    feeds : Feed or mapping of str to Feed
        What is heard of all instruments, or of each.
    settle_ns : int
        How long after its end a bar is first told. What comes within is no new version.
    """

    def __init__(
        self,
        length: str | int,
        feeds: Feed | Mapping[str, Feed],
        *,
        settle_ns: int = 0,
    ) -> None:
        self.rule, self.settle_ns = time_bars(length), settle_ns
        self._length = int(self.rule.size)
        self._feeds, self._since_ns = feeds, 0
        self._of: dict[str, _Instrument] = {}
        self._due: list[tuple[int, str, int]] = []

    def update(
        self, quotes: pl.DataFrame | None = None, trades: pl.DataFrame | None = None
    ) -> pl.DataFrame:
        """Take ticks in; return the versions that are complete by their receipt.

        Parameters
        ----------
        quotes, trades : polars.DataFrame, optional
            Columns of QUOTE and TRADE in any order of ``event_ns``; none may have been
            received before one of an earlier call. ``sequence`` and ``trade_id`` tell
            a correction from a new tick; without them only exact copies are told.

        Returns
        -------
        polars.DataFrame of shape (n_versions, n_columns of VERSION_SCHEMA)
            Those known before the last receipt: more may come at that same time.

        Raises
        ------
        InputError
            A tick was received before ``received_ns`` of an earlier call.
        """
        until_ns = self._since_ns
        for tick in ticks_received(quotes, trades):
            if tick.received_ns < self._since_ns:
                raise InputError(
                    f"A tick received at {tick.received_ns} comes after those up to "
                    f"{self._since_ns} were told.",
                    way_out="Give ticks in the order of received_ns.",
                    source=tick.instrument,
                    column="received_ns",
                )
            until_ns = max(until_ns, tick.received_ns)
            self._take(tick)
        self._since_ns = until_ns
        return self._told(until_ns - 1)

    def advance(self, known_ns: int) -> pl.DataFrame:
        """Say that all received up to ``known_ns`` was given; return what is known."""
        self._since_ns = max(self._since_ns, known_ns + 1)
        return self._told(known_ns)

    def _take(self, tick: Tick) -> None:
        start = tick.event_ns // self._length * self._length
        own = self._of.setdefault(tick.instrument, _Instrument())
        for touched in own.take(tick, start):
            self._plan(tick.instrument, touched, tick.received_ns)

    def _plan(self, name: str, start: int, known_ns: int) -> None:
        """Compute a bar again at ``known_ns``, or when it is first told."""
        first_ns = start + self._length + self.settle_ns
        heappush(self._due, (max(known_ns, first_ns), name, start))

    def _told(self, until_ns: int) -> pl.DataFrame:
        rows: list[_Row] = []
        done: tuple[int, str, int] | None = None
        while self._due and self._due[0][0] <= until_ns:
            due = heappop(self._due)
            if due != done:
                rows += self._renew(*due)
            done = due
        return pl.DataFrame(rows, schema=VERSION_SCHEMA, orient="row")

    def _renew(self, known_ns: int, name: str, start: int) -> list[_Row]:
        own = self._of[name]
        bucket = own.buckets[start]
        ticks = bucket.known(known_ns)
        last = next((t for t in reversed(ticks) if t.is_quote), None)
        if last != bucket.last_quote:
            own.note_quote(start, last)
            told = known_ns - self._length - self.settle_ns
            for later in own.unquoted_after(start, told):
                self._plan(name, later, known_ns)
        found = self._bar(name, ticks, own.quote_before(start))
        before = bucket.told
        if found is None:
            if before is None or before["is_void"]:
                return []
            found = before | {"is_void": True}
        found |= {"received_ns": known_ns}
        if before is not None and _content(found) == _content(before):
            return []
        found["version"] = 1 if before is None else before["version"] + 1
        bucket.told = found
        return [found]

    def _bar(
        self, name: str, ticks: list[Tick], standing: Tick | None
    ) -> dict[str, Any] | None:
        """Fold the ticks of one bar with the step that live bars take."""
        if not ticks:
            return None
        bars = Bars(self.rule, self._feeds)
        if standing is not None:
            bars.stand(name, standing.values, standing.received_ns)
        found = bars.whole(name, _arrays(ticks))
        return None if found is None else found | {"is_void": False}


class _Instrument:
    """The ticks of an instrument by bar, and where each id stands now."""

    def __init__(self) -> None:
        self.buckets: dict[int, Bucket] = {}
        self._starts: list[int] = []
        self._quoted: list[int] = []
        self._where: dict[Any, int] = {}

    def take(self, tick: Tick, start: int) -> list[int]:
        """Put a tick into its bar; return the starts of the bars that it touches."""
        before = self._where.get(tick.id)
        if before is not None and self.buckets[before].holds(tick):
            return []
        if start not in self.buckets:
            self.buckets[start] = Bucket()
            insort(self._starts, start)
        self.buckets[start].put(tick)
        self._where[tick.id] = start
        if before is None or before == start:
            return [start]
        self.buckets[before].take_out(tick)
        return [before, start]

    def unquoted_after(self, start: int, until: int) -> Iterator[int]:
        """Bars after this one that stand at its last quote, up to one that has own.

        Those that start after ``until`` are not told yet, and will see the quote.
        """
        first, end = (bisect_right(self._starts, at) for at in (start, until))
        for later in self._starts[first:end]:
            yield later
            if self.buckets[later].last_quote is not None:
                return

    def quote_before(self, start: int) -> Tick | None:
        """Last quote of the bars before, as they were last computed."""
        at = bisect_left(self._quoted, start)
        return self.buckets[self._quoted[at - 1]].last_quote if at else None

    def note_quote(self, start: int, last: Tick | None) -> None:
        """Set the last quote of a bar."""
        bucket = self.buckets[start]
        if bucket.last_quote is None:
            insort(self._quoted, start)
        elif last is None:
            self._quoted.remove(start)
        bucket.last_quote = last


def bars_as_of(versions: pl.DataFrame, known_ns: int) -> pl.DataFrame:
    """Bars as they were known at a time.

    Parameters
    ----------
    versions : polars.DataFrame of shape (n_versions, n_columns of VERSION_SCHEMA)
        All that a `BarVersions` told, in its order.
    known_ns : int
        Time of knowing, ns UTC.

    Returns
    -------
    polars.DataFrame of shape (n_bars, n_columns of VERSION_SCHEMA less ``is_void``)
        The last version of each bar that was known then, by instrument and time.
    """
    return (
        versions.filter(pl.col("received_ns") <= known_ns)
        .unique(["instrument", "open_ns"], keep="last", maintain_order=True)
        .filter(~pl.col("is_void"))
        .drop("is_void")
        .sort("instrument", "open_ns")
    )


def _content(row: _Row) -> _Row:
    return {k: v for k, v in row.items() if k not in ("received_ns", "version")}


def _arrays(ticks: list[Tick]) -> Any:
    table = np.array([tick.values for tick in ticks]).T.copy()
    times = np.array([[tick.event_ns, tick.received_ns] for tick in ticks]).T.copy()
    return (*times, np.array([tick.is_quote for tick in ticks]), *table)
