"""The catalog's table of signals, filled from the journal, a moment behind it.

The journal is the truth: it has every signal from the instant of its commit, those that
abstained too. The catalog is what people search. A shelf begins an hour before the last
signal that came to the catalog, and the same signal twice is one row; so nothing is
lost by a crash between the two. What has expired moves to the archive.
"""

import threading

from tradeloop.clock import NS_PER_HOUR
from tradeloop.errors import TradeloopError
from tradeloop.pipelines.signal_events import KIND, record_of
from tradeloop.pipelines.workspace import Workspace

_WAIT_S = 0.1
_AT_ONCE = 25
_TIDY_TURNS = 600  # about a minute
_AGAIN_NS = NS_PER_HOUR  # far longer than a turn takes: all before it is there


class Shelf:
    """Copies signals from the journal to the catalog, in a thread of its own.

    Parameters
    ----------
    workspace : Workspace
        Open stores.

    Attributes
    ----------
    behind : int
        Position in the journal up to which signals are in the catalog.
    trouble : str
        Why it does not go on at the moment; empty while it does.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.behind = first_unsure(workspace)
        self.trouble = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shelf", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self, timeout_s: float = 10.0) -> None:
        """Write what is there, and end."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        self.go_on()

    def go_on(self) -> int:
        """Write what came since; return how many signals were read."""
        read = 0
        try:
            while events := self._workspace.journal.events(
                self._workspace.principal, KIND, self.behind, _AT_ONCE
            ):
                records = [found for event in events if (found := record_of(event))]
                if records:
                    self._workspace.catalog.add_signals(
                        self._workspace.principal,
                        records,
                        self._workspace.audit("add", "signals", rows=len(records)),
                    )
                self.behind, read = events[-1].seq, read + len(events)
            self.trouble = ""
        except TradeloopError as error:
            self.trouble = str(error)  # tried again at the next turn
        return read

    def tidy(self) -> int:
        """Move what has expired to the archive; return how many signals."""
        workspace = self._workspace
        now_ns = workspace.clock.now_ns()
        audit = workspace.audit("archive", "signals")
        who = workspace.principal
        return workspace.catalog.trading_signals.archive(who, now_ns, audit)

    def _run(self) -> None:
        turns = 0
        while not self._stop.wait(_WAIT_S):
            self.go_on()
            turns = (turns + 1) % _TIDY_TURNS
            if not turns:
                try:
                    self.tidy()
                except TradeloopError as error:
                    self.trouble = str(error)


def first_unsure(workspace: Workspace) -> int:
    """Position in the journal before the signals that may not be in the catalog yet."""
    who, journal = workspace.principal, workspace.journal
    last_ns = workspace.catalog.trading_signals.last_recorded_ns(who)
    return journal.last_seq(who, KIND, max(last_ns - _AGAIN_NS, 0))
