"""Gaps of a stream: the bars missing between two neighbours, by what was learned."""

from bisect import bisect_right
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from math import floor

import polars as pl

from tradeloop.quality.base import Evidence
from tradeloop.quality.calendar import MONDAY_NS, WEEK_NS
from tradeloop.quality.gaps import GAPS, LEVELS, table_of, yearly_of
from tradeloop.quality.holidays import is_holiday

Limits = Mapping[tuple[str, int], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class GapRule:
    """Calendar, limits and holidays of one instrument.

    Parameters
    ----------
    interval_ns : int
        Length of a bar.
    slots, expected, before : list of int
        Slots of the week, ascending; see `tradeloop.quality.calendar`.
    total : int
        Expected slots of a week.
    limits : mapping
        Level and stretch to limit and median; see `tradeloop.quality.gaps`.
    named, yearly : collection
        Holidays.
    """

    interval_ns: int
    slots: list[int]
    expected: list[int]
    before: list[int]
    total: int
    limits: Limits
    named: Collection[date]
    yearly: Collection[tuple[int, int]]

    def missing(self, after_ns: int, event_ns: int) -> float:
        """Count the bars missing between two; 0 where the gap is usual or a holiday."""
        if event_ns - after_ns <= self.interval_ns:
            return 0.0
        end, itself = self._until(event_ns)
        g = 1 + end - itself - self._until(after_ns)[0]
        known = self._limit(after_ns)
        if known is None or g <= known[0]:
            return 0.0
        count = max(1.0, float(floor(g - known[1] + 0.5)))
        missing_ns = count * self.interval_ns
        closed = is_holiday(after_ns, event_ns, missing_ns, self.named, self.yearly)
        return 0.0 if closed else count

    def _until(self, at_ns: int) -> tuple[int, int]:
        """Bars expected up to the end of a bar, and whether it is one of them."""
        week, within = divmod(at_ns - 1 - MONDAY_NS, WEEK_NS)
        slot = within // self.interval_ns
        place = bisect_right(self.slots, slot) - 1
        if place < 0:
            return week * self.total, 0
        itself = self.expected[place] if self.slots[place] == slot else 0
        return week * self.total + self.before[place], itself

    def _limit(self, after_ns: int) -> tuple[float, float] | None:
        for name, size in LEVELS:
            known = self.limits.get((name, (after_ns - MONDAY_NS) % size))
            if known is not None:
                return known
        return None


def gap_rules(basis: Evidence) -> dict[str, GapRule]:
    """Make the rule of each instrument from what was learned.

    Parameters
    ----------
    basis : Evidence
        ``usual``, ``interval_ns`` and ``holidays``.
    """
    usual = basis.usual_for(GAPS)
    limits: dict[str, dict[tuple[str, int], tuple[float, float]]] = {}
    for name, level, stretch, limit, median in (
        table_of(usual, "limit")
        .select("instrument", "level", "stretch", "limit", "median")
        .iter_rows()
    ):
        limits.setdefault(name, {})[(level, stretch)] = (limit, median)
    yearly = yearly_of(usual)
    rules = {}
    calendar = table_of(usual, "calendar").sort("instrument", "slot")
    for part in calendar.partition_by("instrument"):
        name = part["instrument"][0]
        rules[name] = GapRule(
            interval_ns=basis.interval_ns,
            slots=part["slot"].cast(pl.Int64).to_list(),
            expected=part["expected"].cast(pl.Int64).to_list(),
            before=part["before"].cast(pl.Int64).to_list(),
            total=int(part["total"][0]),
            limits=limits.get(name, {}),
            named=frozenset(basis.holidays),
            yearly=yearly.get(name, frozenset()),
        )
    return rules
