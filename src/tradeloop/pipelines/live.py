"""From an event to a stored signal: bars and decisions in, signals out, each once.

1. The door hands over what it has made durable: bars, series, decisions.
2. A bar advances the features of its instrument. Models that need no decision answer
   it; the others answer each decision, with the newest bar before it.
3. The signal is an event of the journal, committed together with the mark that its
   bar or decision was answered: however often a bar comes, or the process ends, it is
   answered once. From the journal it is published like every event.
4. The catalog's table of signals follows within a moment (`tradeloop.pipelines.shelf`).

Which versions answer is looked up about once a second, between two events: a promotion
or a roll-back takes effect there, and no event is answered twice or by none. While an
experiment runs on a model both versions are asked, and the signal is that of one arm.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from queue import Empty, SimpleQueue
from typing import Protocol, TypeAlias

from tradeloop.clock import monotonic_ns, monotonic_s
from tradeloop.errors import BusyError, TradeloopError
from tradeloop.events import Principal
from tradeloop.pipelines.experimenting import RUNNING, Trial, keep
from tradeloop.pipelines.live_line import Line
from tradeloop.pipelines.live_market import LiveMarket, Seen
from tradeloop.pipelines.live_rows import Row
from tradeloop.pipelines.live_told import Told
from tradeloop.pipelines.signal_events import KIND, SOURCE, event_of
from tradeloop.pipelines.workspace import Workspace
from tradeloop.signals import Scorer, Signal, SignalStatus
from tradeloop.signals.conflicts import resolve
from tradeloop.signals.experiments import CHALLENGER, CHAMPION
from tradeloop.signals.live_rows import Answer
from tradeloop.signals.rules import SignalRules
from tradeloop.stores import Consumed, Entry, Event, Receipt, Submission
from tradeloop.stores.group_commit import GroupCommit

Receipts: TypeAlias = Future[list[Receipt]]
CONSUMER = "signals"
_LOOK_S, _KEEP_S = 1.0, 10.0
_TAKEN = frozenset({"bar", "series", "decision"})


class Models(Protocol):
    """Where the loop finds the versions that answer."""

    def current(self) -> Mapping[str, str]:
        """Return the champion of each model, by name."""

    def trials(self) -> Mapping[str, Trial]:
        """Return the experiments that run, by name of the model."""

    def load(self, name: str, version: str) -> Scorer:
        """Return a version ready to score."""


class LiveLoop:
    """Answers events by signals, in a thread of its own.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    group : GroupCommit
        Writes to the journal.
    begun : callable
        Gives the market as of the last event that was captured; called in the loop's
        thread once a model is there to answer, since it may take a while.
    models : Models
        Who answers.
    rules : SignalRules
        What turns forecasts into signals.
    """

    def __init__(
        self,
        workspace: Workspace,
        group: GroupCommit,
        begun: Callable[[], LiveMarket],
        models: Models,
        rules: SignalRules,
    ) -> None:
        self._workspace, self._group, self._begun = workspace, group, begun
        self._models, self._rules = models, rules
        self._market: LiveMarket | None = None
        self._queue: SimpleQueue[Row | None] = SimpleQueue()
        self._sent: Receipts | None = None
        self._looked_s = self._kept_s = -_KEEP_S
        self.lines: dict[str, dict[str, Line]] = {}
        self.trials: dict[str, Trial] = {}
        self.told = Told()
        self._thread = threading.Thread(target=self._run, name="live", daemon=True)

    def start(self, waiting: Sequence[Row] = ()) -> None:
        """Begin; ``waiting`` are events that were stored, but maybe not answered."""
        for row in waiting:
            self._queue.put(row)
        self._thread.start()

    def close(self, timeout_s: float = 10.0) -> None:
        """Answer what was handed over, wait until it is stored, and end."""
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        if self._sent is not None:
            wait([self._sent], timeout_s)  # they are committed in their order

    @property
    def market(self) -> LiveMarket:
        """The market.

        Raises
        ------
        BusyError
            There is none yet: no model answers, or no bar was captured.
        """
        if self._market is None:
            raise BusyError("No model answers yet. Promote one to production.")
        return self._market

    def heard(
        self, principal: Principal, entries: Sequence[Entry], receipts: Receipts
    ) -> None:
        """Hear of entries that are on their way to the disk; those of others pass."""
        mine = principal.tenant == self._workspace.principal.tenant
        if not mine or not any(entry.kind in _TAKEN for entry in entries):
            return
        came_s = monotonic_s()

        def stored(done: Receipts) -> None:
            if done.cancelled() or done.exception() is not None:
                return
            for entry, receipt in zip(entries, done.result(), strict=True):
                event = entry.content
                new = receipt.status == "stored" and entry.kind in _TAKEN
                if new and isinstance(event, Event):
                    self._queue.put(Row(entry.kind, event, came_s))

        receipts.add_done_callback(stored)

    def _run(self) -> None:
        self._look()
        while True:
            try:
                row = self._queue.get(timeout=_LOOK_S)
            except Empty:
                self._look()
                continue
            if row is None:
                self._end()
                return
            if monotonic_s() - self._looked_s >= _LOOK_S:
                self._look()
            self.answer(row)

    def _look(self) -> None:
        """Find out which versions answer now; one that cannot is left out."""
        self._looked_s = monotonic_s()
        try:
            current, trials = self._models.current(), self._models.trials()
            self._keep_trials(trials)
            if current and self._market is None:
                self._market = self._begun()
        except TradeloopError as error:  # those at work stay
            self.told.note("registry", str(error))
            return
        self.told.note("registry")
        for name, trial in trials.items():
            self.trials.setdefault(name, trial)
        self.lines = {
            name: self._arms(name, version, self.lines.get(name, {}))
            for name, version in current.items()
        }

    def _arms(
        self, name: str, version: str, there: Mapping[str, Line]
    ) -> dict[str, Line]:
        """Put the versions of a model to work, each as its arm."""
        wanted = {CHAMPION: version}
        if name in self.trials:
            wanted[CHALLENGER] = self.trials[name].challenger
        known = {line.version: line for line in there.values()}
        found: dict[str, Line] = {}
        for arm, chosen in wanted.items():
            try:
                line = known.get(chosen) or self._line(name, chosen)
                found[arm] = line
                self.told.note(f"{name} {chosen}")
            except TradeloopError as error:
                self.told.note(f"{name} {chosen}", str(error))
        return found

    def _line(self, name: str, version: str) -> Line:
        scorer = self._models.load(name, version)
        return Line.of(version, scorer, self.market, self._rules)

    def _end(self) -> None:
        """Write the experiments down for the last time."""
        try:
            self._keep_trials(self._models.trials(), always=True)
        except TradeloopError as error:
            self.told.note("registry", str(error))

    def _keep_trials(
        self, running: Mapping[str, Trial], *, always: bool = False
    ) -> None:
        """Let experiments go on, and write them down; each change of stage at once.

        One that a command has ended is not written: it would run again.
        """
        for name in [name for name in self.trials if name not in running]:
            del self.trials[name]
        due = always or monotonic_s() - self._kept_s >= _KEEP_S
        now_ns = self._workspace.clock.now_ns()
        for trial in self.trials.values():
            done = trial.step(now_ns)
            if done or due or trial.status != RUNNING:
                keep(self._workspace, trial, done)
        if due:
            self._kept_s = monotonic_s()

    def answer(self, row: Row) -> list[Signal]:
        """Answer one event; what goes wrong is counted, and never raised."""
        if self._market is None:
            return []  # nobody to answer; the market will be read with this event
        try:
            seen = self._seen(row)
            return [] if seen is None else self._stored(row, seen)
        except Exception as error:  # noqa: BLE001 - the loop goes on
            self.told.faults += 1
            self.told.note("last event", f"{row.event.event_id}: {error}")
            return []

    def _seen(self, row: Row) -> Seen | None:
        """Take the event in; return the instrument that it asks about."""
        event, market = row.event, self.market
        if row.kind == "series":
            market.take_series(event.body)
            return None
        name = str(event.body["instrument"])
        if row.kind == "bar":
            seen = market.seen.get(name)
            if seen is None or event.event_ns > seen.event_ns:
                return market.take_bar(event.body, event.event_ns, event.received_ns)
            # It came while the market was read, or before this loop began.
            late = event.event_ns < seen.event_ns
        else:
            symbol = market.symbol_of(name)
            seen = None if symbol is None else market.seen[symbol]
            # What is known by now was not known to the decision.
            late = seen is not None and seen.received_ns > event.received_ns
        self.told.late += late and not row.taken
        return None if late else seen

    def _stored(self, row: Row, seen: Seen) -> list[Signal]:
        """Commit the signals of an event with the mark that it was answered."""
        said = [
            (name, *chosen)
            for name, arms in self.lines.items()
            if (chosen := self._asked(name, arms, seen, row)) is not None
        ]
        if not said:
            return []
        given = [answers[arm].signal for _, arm, answers in said]
        settled = self._settled(given, row.event.received_ns)
        entries, signals = [], []
        for (name, arm, answers), signal in zip(said, given, strict=True):
            final = settled.get(signal.key, signal)
            event = self._event(name, arm, answers, final)
            entries.append(Entry(KIND, SOURCE, event))
            signals.append(final)
        workspace = self._workspace
        audit = workspace.audit("signal", row.event.event_id, rows=len(entries))
        mark = Consumed(CONSUMER, row.kind, row.event.event_id)
        sent = Submission(workspace.principal, tuple(entries), audit, mark)
        self._sent = self._group.submit(sent)
        self._sent.add_done_callback(lambda done: self._done(row, done))
        for signal in signals:
            self.told.count(signal)
        return signals

    def _settled(self, signals: Sequence[Signal], now_ns: int) -> dict[str, Signal]:
        """Settle the conflicts of signals on one symbol; who lost leaves its book."""
        if len(signals) == 1:
            return {}
        found = resolve(signals, self._rules.conflicts, now_ns)
        for loser in found.lost:
            for arms in self.lines.values():
                for line in arms.values():
                    if loser.signal.key in line.live.book:
                        superseded, why = SignalStatus.SUPERSEDED, loser.policy
                        line.live.book.settle(loser.signal.key, superseded, why)
        settled = [*found.followed, *(loser.signal for loser in found.lost)]
        return {signal.key: signal for signal in settled}

    def _asked(
        self, name: str, arms: Mapping[str, Line], seen: Seen, row: Row
    ) -> tuple[str, dict[str, Answer]] | None:
        """Ask a model's versions; return which one answers, and what each said."""
        mine = {
            arm: line
            for arm, line in arms.items()
            if line.decides == (row.kind == "decision") and not self._over(line, row)
        }
        if not mine:
            return None
        answers, took_ns = {}, {}
        for arm, line in mine.items():
            began_ns = monotonic_ns()
            answers[arm] = line.answer(self.market, seen, row)
            took_ns[arm] = monotonic_ns() - began_ns
            for each in answers[arm].members:
                said = f"{name} {line.version} {each.member} {each.fault.name.lower()}"
                self.told.left_out[said] += 1
        trial = self.trials.get(name)
        if trial is None or len(answers) < len((CHAMPION, CHALLENGER)):
            return next(iter(answers)), answers
        arm = trial.arm_of(row.event.event_id, row.event.received_ns)
        now_ns = self._workspace.clock.now_ns()
        trial.scored(row.event.event_id, answers, took_ns[CHALLENGER], now_ns)
        return arm, answers

    def _over(self, line: Line, row: Row) -> bool:
        """Whether the signal of an event of before would have expired by now."""
        ends_ns = row.event.received_ns + line.scorer.meta.horizon_ns
        return row.taken and ends_ns <= self._workspace.clock.now_ns()

    def _event(
        self, name: str, arm: str, answers: Mapping[str, Answer], signal: Signal
    ) -> Event:
        trial = self.trials.get(name)
        if trial is None or len(answers) < len((CHAMPION, CHALLENGER)):
            return event_of(signal)
        other = CHAMPION if arm == CHALLENGER else CHALLENGER
        return event_of(signal, trial.name, arm, answers[other].signal)

    def _done(self, row: Row, done: Receipts) -> None:
        if done.cancelled() or done.exception() is not None:
            self.told.faults += 1
            self.told.note("journal", str(done.exception()))
            return
        if row.came_s is not None:
            self.told.took(monotonic_s() - row.came_s)
