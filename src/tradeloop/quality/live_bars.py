"""Bars of a stream: order, gaps, frozen prices and returns, one row after another.

Each instrument is a lane: its bars in the order of their time. What a bar contributes
depends on its neighbours alone, so a bar that comes late takes the contribution of the
two that it parts away, and puts those of the two new pairs in its place.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from math import isfinite, log, nan
from typing import ClassVar

import numpy as np
import polars as pl

from tradeloop.quality.anomalies.sudden_move import LIMIT as FAST
from tradeloop.quality.anomalies.sudden_move import SUDDEN, WIDTH, robust_z
from tradeloop.quality.base import Evidence
from tradeloop.quality.frozen import FROZEN, PRICES
from tradeloop.quality.gaps import GAPS
from tradeloop.quality.live_cells import Put
from tradeloop.quality.live_gaps import GapRule, gap_rules
from tradeloop.quality.order import DUPLICATES, UNSORTED
from tradeloop.quality.outliers import LIMIT, OUTLIERS

Prices = tuple[float | None, ...]


class BarLanes:
    """Bars of all instruments.

    Parameters
    ----------
    basis : Evidence
        ``usual``, ``interval_ns`` and ``holidays``.
    put : callable
        Takes the counts.
    """

    FINDS: ClassVar[tuple[str, ...]] = tuple(
        each.name for each in (DUPLICATES, UNSORTED, GAPS, FROZEN, OUTLIERS, SUDDEN)
    )

    def __init__(self, basis: Evidence, put: Put) -> None:
        self._put = put
        self._gaps = gap_rules(basis)
        returns = basis.usual_for(OUTLIERS).select("instrument", "centre", "scale")
        self._returns = {name: (c, s) for name, c, s in returns.iter_rows()}
        limits = basis.usual_for(FROZEN).select("instrument", "limit")
        self._limits: dict[str, float] = dict(limits.iter_rows())
        self._lanes: dict[str, _Lane] = {}

    def add(self, bars: pl.DataFrame) -> None:
        """Take bars, in the order in which they came."""
        columns = bars.select("instrument", "event_ns", *PRICES)
        moved: dict[str, list[tuple[int, float]]] = {}
        for name, event, *prices in columns.iter_rows():
            lane = self._lanes.get(name) or self._begin(name)
            step = lane.take(event, tuple(prices))
            if isfinite(step):
                moved.setdefault(name, []).append((event, step))
        for name, steps in moved.items():
            lane = self._lanes[name]
            z = robust_z(np.array([s for _, s in steps]), lane.ring, lane.seen)
            for (event, _), one in zip(steps, z.tolist(), strict=True):
                if abs(one) > FAST:
                    self._put(name, event, SUDDEN.name, 1)

    def forget(self, before_ns: int) -> None:
        """Let go of bars that end before a time."""
        for lane in self._lanes.values():
            lane.forget(before_ns)

    def _begin(self, name: str) -> "_Lane":
        def put(event: int, what: str, n: float) -> None:
            self._put(name, event, what, n)

        lane = _Lane(
            put, self._gaps.get(name), self._returns.get(name), self._limits.get(name)
        )
        self._lanes[name] = lane
        return lane


class _Lane:
    """Bars of one instrument, sorted by time and, of one time, by arrival."""

    def __init__(
        self,
        put: Callable[[int, str, float], None],
        gaps: GapRule | None,
        returns: tuple[float, float] | None,
        longest: float | None,
    ) -> None:
        self._put, self._gaps, self._returns = put, gaps, returns
        self._longest = longest
        self._times: list[int] = []
        self._prices: list[Prices] = []
        self._newest, self._last = -(2**63), nan
        self._run = (0, 0)  # length of the run that the newest bar ends, and its begin
        self.ring, self.seen = np.empty(WIDTH), np.zeros(1, np.int64)

    def take(self, event: int, prices: Prices) -> float:
        """Take a bar; return its log return where it is newer than all before."""
        times = self._times
        place = bisect_right(times, event)
        again = place > 0 and times[place - 1] == event
        if again:
            self._put(event, DUPLICATES.name, 1)
        if event < self._newest:
            self._put(event, UNSORTED.name, 1)
        if not again:
            self._gap(place, event)
        self._outlier(place, event, prices)
        self._frozen(place, event, prices)
        if event <= self._newest:
            return nan
        step = _log(prices[-1]) - self._last
        self._newest, self._last = event, _log(prices[-1])
        return step

    def forget(self, before_ns: int) -> None:
        """Keep the bars from a time on, and the one before them."""
        first = max(0, bisect_left(self._times, before_ns) - 1)
        del self._times[:first], self._prices[:first]

    def _gap(self, place: int, event: int) -> None:
        rule, times = self._gaps, self._times
        if rule is None:
            return
        after = times[place - 1] if place else None
        next_ = times[place] if place < len(times) else None
        if after is not None and next_ is not None:
            self._count_gap(rule, after, next_, -1)
        if after is not None:
            self._count_gap(rule, after, event, 1)
        if next_ is not None:
            self._count_gap(rule, event, next_, 1)

    def _count_gap(self, rule: GapRule, after: int, event: int, sign: int) -> None:
        missing = rule.missing(after, event)
        if missing:
            self._put(event, GAPS.name, sign * missing)

    def _outlier(self, place: int, event: int, prices: Prices) -> None:
        before = self._prices[place - 1] if place else None
        if before is not None:
            self._count_return(before, prices, event, 1)
        if place < len(self._times):
            after, at = self._prices[place], self._times[place]
            self._count_return(prices, after, at, 1)
            if before is not None:
                self._count_return(before, after, at, -1)

    def _count_return(self, one: Prices, other: Prices, event: int, sign: int) -> None:
        if self._returns is None:
            return
        centre, scale = self._returns
        step = _log(other[-1]) - _log(one[-1])
        if isfinite(step) and abs((step - centre) / scale) > LIMIT:
            self._put(event, OUTLIERS.name, sign)

    def _frozen(self, place: int, event: int, prices: Prices) -> None:
        times, held = self._times, self._prices
        if place == len(times):
            same = bool(held) and _same(held[-1], prices)
            times.append(event)
            held.append(prices)
            length, begin = self._run
            self._run = (length + 1, begin if length else event) if same else (0, 0)
            self._grow(*self._run)
            return
        first, last = self._stretch(place)
        self._runs(first, last, -1)
        times.insert(place, event)
        held.insert(place, prices)
        run = self._runs(first, last + 1, 1)
        if last + 1 == len(times):
            self._run = run

    def _grow(self, length: int, begin: int) -> None:
        """Count a run that has become one bar longer."""
        if self._longest is None or length <= self._longest:
            return
        more = 1 if length - 1 > self._longest else length
        self._put(begin, FROZEN.name, more)

    def _stretch(self, place: int) -> tuple[int, int]:
        """Bars whose runs a bar at a place may change: first and last + 1."""
        held, first, last = self._prices, max(0, place - 1), place
        while first > 0 and _same(held[first - 1], held[first]):
            first -= 1
        while last < len(held) and (last == place or _same(held[last - 1], held[last])):
            last += 1
        return first, last

    def _runs(self, first: int, last: int, sign: int) -> tuple[int, int]:
        """Count the runs among some bars; return the one that the last bar ends."""
        length, begin = 0, 0
        for at in range(first + 1, last + 1):
            if at < last and _same(self._prices[at - 1], self._prices[at]):
                begin = begin if length else self._times[at]
                length += 1
                continue
            if self._longest is not None and length > self._longest:
                self._put(begin, FROZEN.name, sign * length)
            if at < last:
                length, begin = 0, 0
        return length, begin


def _same(one: Prices, other: Prices) -> bool:
    return one == other and None not in other


def _log(price: float | None) -> float:
    return log(price) if price is not None and price > 0 else nan
