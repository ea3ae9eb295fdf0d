"""Signals that hold, in memory: as the catalog had them, and what the journal adds.

1. The catalog is read at the first request, and again beside a later one after half a
   minute: numbers, and what was executed meanwhile.
2. Each request reads what the journal has since, which is little: a signal is told once
   it is durable, and of an experiment that of the arm that spoke.
3. What a book of the loop has already and the journal not yet is told too, unless an
   experiment runs on its model: then both versions keep a book, and one spoke.
"""

from collections.abc import Iterator
from threading import Lock, Thread
from typing import TypeAlias

from tradeloop.clock import monotonic_s
from tradeloop.errors import TradeloopError
from tradeloop.pipelines.live_open import Live
from tradeloop.pipelines.signal_events import KIND, record_of
from tradeloop.pipelines.signals_list import (
    MOST,
    ListedSignal,
    held,
    list_signals,
    listed_record,
    newest,
    require_limit,
)
from tradeloop.pipelines.workspace import Workspace
from tradeloop.signals import Signal, SignalBook
from tradeloop.signals.experiments import CHALLENGER

ByKey: TypeAlias = dict[str, ListedSignal]
_FRESH_S, _LONG_S = 30.0, 600.0
_AT_ONCE = 1_000


class ActiveSignals:
    """Signals that hold now; any thread may ask.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    live : Live
        The loop and its shelf, running or not.
    """

    def __init__(self, workspace: Workspace, live: Live) -> None:
        self._workspace, self._live = workspace, live
        self._lock = Lock()
        self._by_symbol: dict[str | None, ByKey] = {}  # None: of all symbols
        self._behind = -1
        self._read_s = 0.0

    def holding(
        self, symbol: str | None = None, limit: int = 100
    ) -> list[ListedSignal]:
        """Return those that hold now, the newest first.

        Parameters
        ----------
        symbol : str, optional
            Of this symbol only.
        limit : int
            At most so many.
        """
        require_limit(limit)
        now_ns = self._workspace.clock.now_ns()
        with self._lock:
            self._refresh()
            known = self._by_symbol.get(symbol, {})
            found = list(_holding(known, now_ns, limit))
            found += self._booked(known, symbol, now_ns)
        return newest(found, limit)

    def _refresh(self) -> None:
        idle_s = monotonic_s() - self._read_s
        if self._behind < 0 or idle_s > _LONG_S:
            self._begin()
        elif idle_s > _FRESH_S:
            self._read_s = monotonic_s()
            Thread(target=self._again, name="active signals", daemon=True).start()
        self._follow()

    def _begin(self) -> None:
        # Up to here the catalog has all; it is read after that.
        self._behind, self._read_s = self._live.shelf.behind, monotonic_s()
        self._by_symbol = _sorted(list_signals(self._workspace, "active", limit=MOST))

    def _again(self) -> None:
        """Read the catalog again, beside requests; what failed is tried again later."""
        behind = self._live.shelf.behind
        try:
            fresh = _sorted(list_signals(self._workspace, "active", limit=MOST))
        except TradeloopError:
            return
        with self._lock:
            self._behind, self._by_symbol = behind, fresh

    def _follow(self) -> None:
        """Take in what the journal has since."""
        workspace = self._workspace
        while events := workspace.journal.events(
            workspace.principal, KIND, self._behind, _AT_ONCE
        ):
            self._behind = events[-1].seq
            for record in map(record_of, events):
                if record is not None and record.key not in self._by_symbol.get(
                    None, {}
                ):
                    _put(self._by_symbol, listed_record(record, None, 0))

    def _booked(
        self, known: ByKey, symbol: str | None, now_ns: int
    ) -> Iterator[ListedSignal]:
        for arms in self._live.loop.lines.values():
            for line in () if CHALLENGER in arms else arms.values():
                for signal in reversed(_active(line.live.book, now_ns, symbol)):
                    if signal.key in known:
                        break
                    yield held(signal)


def _sorted(found: list[ListedSignal]) -> dict[str | None, ByKey]:
    """Sort signals by symbol, the newest last."""
    by_symbol: dict[str | None, ByKey] = {}
    for each in reversed(found):
        _put(by_symbol, each)
    return by_symbol


def _put(by_symbol: dict[str | None, ByKey], each: ListedSignal) -> None:
    for name in (None, each.symbol):
        by_symbol.setdefault(name, {})[each.key] = each


def _holding(known: ByKey, now_ns: int, limit: int) -> Iterator[ListedSignal]:
    """Yield the newest that hold."""
    for each in reversed(known.values()):
        if limit <= 0:
            return
        if each.expires_ns is not None and now_ns < each.expires_ns:
            limit -= 1
            yield each


def _active(book: SignalBook, now_ns: int, symbol: str | None) -> tuple[Signal, ...]:
    """Read a book that the loop's thread may change meanwhile."""
    while True:
        try:
            return book.active(now_ns, symbol)
        except RuntimeError:  # it changed while it was read
            continue
