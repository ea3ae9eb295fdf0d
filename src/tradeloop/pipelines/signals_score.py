"""The newest bar, or a decision, through the champions: what the live loop would say.

Rows, rings, gate and policy are those of the live loop (`LiveMarket`, `Line`), in lines
of its own: nothing is stored, and no book of the loop knows of it. The same request
again is answered from memory.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any, TypeAlias

import polars as pl

from tradeloop.errors import InputError, NotFoundError, TradeloopError
from tradeloop.pipelines.captured import Captured, captured_market
from tradeloop.pipelines.deployed import Champions
from tradeloop.pipelines.live_line import Line
from tradeloop.pipelines.live_market import LiveMarket, Seen
from tradeloop.pipelines.live_open import policy_of
from tradeloop.pipelines.live_rows import Row
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.signal_events import KIND, SOURCE, event_of
from tradeloop.pipelines.workspace import Workspace
from tradeloop.signals import Scorer
from tradeloop.signals.live_rows import Answer
from tradeloop.signals.rules import SignalRules
from tradeloop.stores import Event

Versions: TypeAlias = Mapping[str, tuple[str, Scorer]]


@dataclass(frozen=True, slots=True)
class ScoredSignal:
    """What a model says.

    Parameters
    ----------
    model, version : str
        Who says it.
    answer : Answer
        The signal, which members were left out, and whether it came from memory.
    stored : str
        What became of it in the journal; empty: it was not stored.
    """

    model: str
    version: str
    answer: Answer
    stored: str = ""

    def as_mapping(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {
            "model": self.model,
            "version": self.version,
            "signal": self.answer.signal.as_mapping(),
            "members_left_out": [
                {"member": each.member, "reason": each.reason}
                for each in self.answer.members
            ],
            "repeated": self.answer.repeated,
            "stored": self.stored,
        }


@dataclass(frozen=True, slots=True)
class Scores:
    """Answers, and why a model has none.

    Parameters
    ----------
    signals : tuple of ScoredSignal
        By symbol and model.
    left_out : mapping of str to str
        Models that gave no answer, and why.
    """

    signals: tuple[ScoredSignal, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)


class Inquiry:
    """Asks models about a market without taking part in it; any thread may ask.

    Parameters
    ----------
    market : LiveMarket
        Of a running loop, or of what was captured.
    rules : SignalRules
        What turns forecasts into signals.
    """

    def __init__(self, market: LiveMarket, rules: SignalRules) -> None:
        self.market, self._rules = market, rules
        self._lines: dict[tuple[str, str, str], tuple[Line, int]] = {}
        self._lock = Lock()

    def ask(
        self, versions: Versions, symbol: str, decision: Event | None = None
    ) -> Scores:
        """Ask models about the newest bar of a symbol, or about a decision.

        Parameters
        ----------
        versions : mapping of str to (str, Scorer)
            Version and scorer by name of the model.
        symbol : str
            Instrument, by any of its names.
        decision : Event, optional
            Asked about by the models that need one; the others answer the bar.

        Raises
        ------
        NotFoundError
            No bar of the symbol is known.
        InputError
            The decision did not know the newest bar.
        """
        seen = self._seen(symbol, decision)
        found, left_out = [], {}
        for model, (version, scorer) in versions.items():
            try:
                with self._lock:
                    line = self._line(model, version, scorer, seen)
                    answer = _asked(line, self.market, seen, decision)
                found.append(ScoredSignal(model, version, answer))
            except TradeloopError as error:
                left_out[model] = str(error)
        return Scores(tuple(found), left_out)

    def _seen(self, symbol: str, decision: Event | None) -> Seen:
        known = self.market.symbol_of(symbol)
        if known is None:
            names = ", ".join(sorted(self.market.seen)[:5])
            raise NotFoundError(f"No bar of {symbol!r} is known. There are: {names}.")
        seen = self.market.seen[known]
        if decision is not None and seen.received_ns > decision.received_ns:
            raise InputError(
                "The decision did not know the newest bar of its instrument.",
                way_out="Score a past decision with: tradeloop signals score.",
                source="decision_id",
            )
        return seen

    def _line(self, model: str, version: str, scorer: Scorer, seen: Seen) -> Line:
        """Return a line that has seen what came before the newest bar."""
        asked = (model, version, seen.symbol)
        kept = self._lines.get(asked)
        if kept is not None and (scorer.steps == 1 or kept[1] == seen.event_ns):
            return kept[0]
        made = Line.of(version, scorer, self.market, self._rules)
        self._lines = {  # versions that answer no more are forgotten
            at: line
            for at, line in self._lines.items()
            if at[0] != model or at[1] == version
        }
        self._lines[asked] = (made, seen.event_ns)
        return made


def _asked(
    line: Line, market: LiveMarket, seen: Seen, decision: Event | None
) -> Answer:
    if not line.decides:
        # Features alone count, and those are in the market already.
        bar = Event("", seen.event_ns, seen.received_ns, {"instrument": seen.symbol})
        return line.answer(market, seen, Row("bar", bar, taken=True))
    if decision is None:
        raise InputError(
            "It answers decisions, and none was named.",
            way_out="Name one by its id.",
            source="decision_id",
        )
    return line.answer(market, seen, Row("decision", decision))


def decision_named(workspace: Workspace, decision_id: str) -> Event:
    """Read a captured decision.

    Raises
    ------
    NotFoundError
        The tenant has no such decision.
    """
    told = workspace.journal.get(workspace.principal, "decision", decision_id)
    return Event(told.event_id, told.event_ns, told.received_ns, told.body)


def score_captured(
    workspace: Workspace,
    rules: Rules,
    symbol: str | None = None,
    *,
    decision_id: str = "",
    store: bool = False,
    load: Callable[[str, str], Scorer] | None = None,
    signals: SignalRules | None = None,
) -> Scores:
    """Score the newest captured bar of one or all symbols by the champions.

    Parameters
    ----------
    workspace : Workspace
        Open stores; the journal is written only to store.
    rules : Rules
        Say which features, and when a forecast is worth a signal.
    symbol : str, optional
        Instrument; all of them where absent, that of the decision if one is named.
    decision_id : str
        Captured decision; it is scored by what was known then.
    store : bool
        Whether to store the signals as the live loop does; one that is there already
        stays as it is.
    load : callable, optional
        From name and version to a scorer; the registry's where absent.
    signals : SignalRules, optional
        What turns forecasts into signals; the usual ones if absent.

    Raises
    ------
    NotFoundError
        No model is the champion of the workspace, no bars were captured, or there is no
        such symbol or decision.
    """
    champions = Champions(workspace)
    current = champions.current()
    if not current:
        raise NotFoundError("No model has a champion. Promote one: models promote.")
    decision = decision_named(workspace, decision_id) if decision_id else None
    captured = captured_market(workspace)
    if decision is not None:
        captured = known_at(captured, decision.received_ns)
        symbol = symbol or str(decision.body["instrument"])
    chosen = signals or SignalRules(gate=policy_of(rules))
    inquiry = Inquiry(LiveMarket.of(captured, rules), chosen)
    loading = load or champions.load
    versions, left_out = {}, {}
    for name, version in current.items():
        try:
            versions[name] = (version, loading(name, version))
        except TradeloopError as error:
            left_out[name] = str(error)
    symbols = [symbol] if symbol else sorted(inquiry.market.seen)
    told = [inquiry.ask(versions, each, decision) for each in symbols]
    for each in told:
        left_out |= each.left_out
    found = tuple(signal for each in told for signal in each.signals)
    return Scores(_stored(workspace, found) if store else found, left_out)


def known_at(captured: Captured, at_ns: int) -> Captured:
    """Return what was known of the market at a time, ns UTC.

    Raises
    ------
    NotFoundError
        Nothing was.
    """
    known = pl.col("received_ns") <= at_ns
    bars = captured.market.bars.filter(known)
    if bars.is_empty():
        raise NotFoundError("No bar was known at that time.")
    series = None if captured.series is None else captured.series.filter(known)
    return replace(captured, market=replace(captured.market, bars=bars), series=series)


def _stored(
    workspace: Workspace, signals: tuple[ScoredSignal, ...]
) -> tuple[ScoredSignal, ...]:
    events = [event_of(each.answer.signal) for each in signals]
    audit = workspace.audit("score", "signals", rows=len(events))
    receipts = workspace.journal.append(
        workspace.principal, KIND, SOURCE, events, audit
    )
    pairs = zip(signals, receipts, strict=True)
    return tuple(replace(each, stored=receipt.status) for each, receipt in pairs)
