"""Ticks of a stream: order, repeats and missing numbers, one row after another."""

from bisect import bisect_left
from collections.abc import Mapping
from typing import ClassVar

import polars as pl

from tradeloop.quality.anomalies.missing_numbers import MISSING_NUMBERS
from tradeloop.quality.anomalies.streams import identity_of, numbers_of
from tradeloop.quality.anomalies.tick_order import BACK, REPEATED
from tradeloop.quality.base import Evidence
from tradeloop.quality.live_cells import Put


class TickLanes:
    """Ticks of all kinds and instruments.

    Parameters
    ----------
    basis : Evidence
        ``usual``.
    put : callable
        Takes the counts.
    """

    FINDS: ClassVar[tuple[str, ...]] = tuple(
        each.name for each in (BACK, REPEATED, MISSING_NUMBERS)
    )

    def __init__(self, basis: Evidence, put: Put) -> None:
        self._put = put
        by_one = basis.usual_for(MISSING_NUMBERS).select("instrument", "kind")
        self._by_one = set(by_one.iter_rows())
        self._newest: dict[tuple[str, str], int] = {}
        self._known: dict[str, dict[int, int]] = {}  # hash of a tick to its time
        self._numbers: dict[tuple[str, str], _Numbers] = {}

    def add(self, ticks: Mapping[str, pl.DataFrame]) -> None:
        """Take ticks by kind, in the order in which they came."""
        for kind, frame in ticks.items():
            self._order(kind, frame)
            self._number(kind, frame)

    def forget(self, before_ns: int) -> None:
        """Let go of ticks that happened before a time."""
        for kind, known in self._known.items():
            self._known[kind] = {k: at for k, at in known.items() if at >= before_ns}
        for numbers in self._numbers.values():
            numbers.forget(before_ns)

    def _order(self, kind: str, frame: pl.DataFrame) -> None:
        known = self._known.setdefault(kind, {})
        hashes = frame.select(sorted(identity_of(frame))).hash_rows()
        rows = zip(frame["instrument"], frame["event_ns"], hashes, strict=True)
        for instrument, event, one in rows:
            newest = self._newest.get((kind, instrument), event)
            if event < newest:
                self._put(instrument, event, BACK.name, 1)
            else:
                self._newest[kind, instrument] = event
            if one in known:
                self._put(instrument, event, REPEATED.name, 1)
            else:
                known[one] = event

    def _number(self, kind: str, frame: pl.DataFrame) -> None:
        numbered = numbers_of(frame, kind)
        for instrument, event, low, high in numbered.iter_rows():
            if (instrument, kind) not in self._by_one:
                continue
            lane = self._numbers.setdefault((kind, instrument), _Numbers())
            for at, more in lane.take(event, low, high):
                self._put(instrument, at, MISSING_NUMBERS.name, more)


class _Numbers:
    """Ranges of numbers in their order, with the highest up to each."""

    def __init__(self) -> None:
        self._ranges: list[tuple[int, int]] = []
        self._times: list[int] = []
        self._top: list[int] = []

    def take(self, event: int, low: int, high: int) -> list[tuple[int, int]]:
        """Take a range; return the changes of what is missing before each tick."""
        ranges, top = self._ranges, self._top
        at = bisect_left(ranges, (low, high))
        if at < len(ranges) and ranges[at] == (low, high):
            return []
        changes = []
        if at:
            changes.append((event, max(0, low - top[at - 1] - 1)))
        # Those behind it may have less missing before them: as far as its top reaches.
        before = top[at - 1] if at else None
        reach = high if before is None else max(high, before)
        for behind in range(at, len(ranges)):
            first, known = ranges[behind][0], top[behind]
            was = 0 if before is None else max(0, first - before - 1)
            changes.append((self._times[behind], max(0, first - reach - 1) - was))
            before, top[behind] = known, max(reach, known)
            if known >= reach:
                break
        ranges.insert(at, (low, high))
        self._times.insert(at, event)
        top.insert(at, max(high, top[at - 1]) if at else high)
        return [(when, more) for when, more in changes if more]

    def forget(self, before_ns: int) -> None:
        """Let go of the ranges before the first that happened from a time on."""
        first = next((k for k, t in enumerate(self._times) if t >= before_ns), 0)
        first = max(0, first - 1)
        del self._ranges[:first], self._times[:first], self._top[:first]
