"""Decisions that wait for their label, and the instants at which one may be sure.

A row can become sure at three instants only: when time reaches the decision (where no
price is known then, none ever will be), and when the instrument, or the benchmark, has
a price at or after the last due time. A decision is looked at then and at no other
time, whatever the number of those that wait.
"""

from collections.abc import Callable, Iterable
from heapq import heapify, heappop, heappush
from typing import NamedTuple, TypeAlias

import polars as pl

from tradeloop.clock import NS_PER_DAY
from tradeloop.errors import InputError
from tradeloop.events import BAR, DECISION
from tradeloop.labels.groups import groups
from tradeloop.labels.live_tapes import check_new
from tradeloop.labels.rules import LabelPlan

Heap: TypeAlias = list[tuple[int, str]]  # time and decision_id

COLUMNS = ("decision_id", "instrument", "side", "received_ns")
_ANY = LabelPlan([NS_PER_DAY])  # the checks of decisions do not look at it


class Waiting(NamedTuple):
    """A decision whose row was not given out yet.

    Parameters
    ----------
    number : int
        How many were handed in before it.
    decision_id, instrument : str
        As in the decision.
    side : int
        +1, -1 or 0.
    decision_ns : int
        When it was received, ns UTC.
    """

    number: int
    decision_id: str
    instrument: str
    side: int
    decision_ns: int


def _pop(heap: Heap, until_ns: int | None) -> list[str]:
    """Take off all that stand at or before a time; none where there is no time."""
    found = []
    while until_ns is not None and heap and heap[0][0] <= until_ns:
        found.append(heappop(heap)[1])
    return found


class WaitingRoom:
    """Pending decisions, by the instants at which they are looked at.

    Parameters
    ----------
    plan : LabelPlan
        Gives the horizons and the benchmark.
    """

    def __init__(self, plan: LabelPlan) -> None:
        self._last_horizon_ns = max(plan.horizons_ns)
        self._benchmark = plan.benchmark
        self._of: dict[str, Waiting] = {}
        self._ahead: Heap = []  # by the time of the decision
        self._due: dict[str, Heap] = {}  # by the last due time, per instrument
        self._benchmark_due: Heap = []

    def __len__(self) -> int:
        return len(self._of)

    def __contains__(self, decision_id: object) -> bool:
        return decision_id in self._of

    def enter(self, decision: Waiting) -> None:
        """Let a decision wait."""
        self._of[decision.decision_id] = decision
        heappush(self._ahead, (decision.decision_ns, decision.decision_id))

    def ask_all_again(self) -> None:
        """Look at every decision anew: what was sure to be late may not be any more."""
        self._due, self._benchmark_due = {}, []
        self._ahead = [(one.decision_ns, one.decision_id) for one in self._of.values()]
        heapify(self._ahead)

    def candidates(
        self,
        as_of_ns: int,
        touched: Iterable[str],
        latest_ns: Callable[[str], int | None],
    ) -> list[Waiting]:
        """Return the decisions that may have become sure, in order of arrival.

        Parameters
        ----------
        as_of_ns : int
            How far time has come.
        touched : iterable of str
            Instruments with new prices.
        latest_ns : callable
            Returns when the last price of an instrument stood.
        """
        new = _pop(self._ahead, as_of_ns)
        found = set(new)
        for name in touched:
            found.update(_pop(self._due.get(name, []), latest_ns(name)))
            if name == self._benchmark:
                found.update(_pop(self._benchmark_due, latest_ns(name)))
        for one in (self._of[decision_id] for decision_id in new):
            entry = (one.decision_ns + self._last_horizon_ns, one.decision_id)
            heappush(self._due.setdefault(one.instrument, []), entry)
            if self._benchmark is not None:
                heappush(self._benchmark_due, entry)
        return sorted(self._of[name] for name in found if name in self._of)

    def leave(self, decision_ids: Iterable[str]) -> None:
        """Let decisions go: their rows were given out."""
        for name in decision_ids:
            gone = self._of.pop(name)
            heap = self._due.get(gone.instrument)
            # What is given out without a price leaves its entry: sweep such heaps.
            if heap and len(heap) > 2 * len(self._of) + 16:
                self._due[gone.instrument] = self._still(heap)
        if len(self._benchmark_due) > 2 * len(self._of) + 16:
            self._benchmark_due = self._still(self._benchmark_due)

    def _still(self, heap: Heap) -> Heap:
        kept = [entry for entry in heap if entry[1] in self._of]
        heapify(kept)
        return kept

    def needed_ns(self) -> dict[str, int]:
        """Time of the oldest pending decision by instrument; of all for the benchmark.

        Returns
        -------
        dict of str to int
            ns UTC.
        """
        oldest: dict[str, int] = {}
        for one in self._of.values():
            known = oldest.get(one.instrument, one.decision_ns)
            oldest[one.instrument] = min(known, one.decision_ns)
        if self._benchmark is not None and oldest:
            oldest[self._benchmark] = min(oldest.values())
        return oldest

    def frame(self, decisions: Iterable[Waiting] | None = None) -> pl.DataFrame:
        """Return decisions as a frame, all that wait by default.

        Returns
        -------
        polars.DataFrame of shape (n_decisions, 5)
            number, decision_id, instrument, side, received_ns.
        """
        rows = list(self._of.values() if decisions is None else decisions)
        schema = {"number": pl.Int64()} | {n: DECISION.schema[n] for n in COLUMNS}
        return pl.DataFrame(rows, schema=schema, orient="row")


def asked(
    decisions: pl.DataFrame | None, room: WaitingRoom, after_ns: int
) -> pl.DataFrame:
    """Return the columns of new decisions, or say which one is refused.

    Parameters
    ----------
    decisions : polars.DataFrame or None
        Columns of the decision record.
    room : WaitingRoom
        Whoever waits there must not come again.
    after_ns : int
        Until when everything is in, ns UTC.

    Raises
    ------
    InputError
        A column is absent or holds a null, a side is not +1, -1 or 0, an id comes twice
        or is pending already, or a decision was received at or before ``after_ns``.
    """
    given = DECISION.empty() if decisions is None else decisions
    next(groups(given, BAR.empty(), None, _ANY), None)  # columns, nulls, sides, ids
    rows = given.select(pl.col(c).cast(DECISION.schema[c]) for c in COLUMNS)
    check_new(rows, after_ns, "decisions")
    for row, name in enumerate(rows["decision_id"]):
        if name in room:
            raise InputError(
                f"The decision {name!r} is pending already.",
                way_out="Hand in each decision once.",
                source="decisions",
                column="decision_id",
                row=row,
            )
    return rows
