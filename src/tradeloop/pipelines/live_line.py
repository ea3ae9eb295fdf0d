"""A model at work in the live loop: the columns it is given, its rings, its reasons."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tradeloop.clock import monotonic_ns
from tradeloop.models import Columns
from tradeloop.pipelines.live_market import LiveMarket, Seen
from tradeloop.pipelines.live_rows import Row, market_of, own_values
from tradeloop.signals import Gate, Scorer, Watch
from tradeloop.signals.book import SignalBook
from tradeloop.signals.live import LiveSignals
from tradeloop.signals.live_rows import Answer, Explain, LiveRow
from tradeloop.signals.occlusion import top_occluded
from tradeloop.signals.rules import SignalRules


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One version of a model at work.

    Parameters
    ----------
    version : str
        Its version.
    live : LiveSignals
        Its gate, rings and book.
    decides : bool
        Whether it needs what only a decision has.
    """

    version: str
    live: LiveSignals
    decides: bool

    @classmethod
    def of(
        cls, version: str, scorer: Scorer, market: LiveMarket, rules: SignalRules
    ) -> Self:
        """Put a model to work, with the past that the market has.

        Raises
        ------
        ArtefactError
            It was fitted on another bank.
        """
        watched = scorer.asking(Watch(monotonic_ns))
        columns, bank = scorer.meta.columns, market.bank
        live = LiveSignals(
            Gate(watched, rules.gate),
            Columns(columns.names, bank.fingerprint),
            terms=rules.terms,
            explain=reasons_of(scorer),
            book=SignalBook(),
        )
        made = cls(version, live, not set(columns.names) <= set(bank.names))
        if not made.decides and scorer.steps > 1:
            for symbol in market.seen:
                made._refill(market, symbol, scorer.steps)
        return made

    @property
    def scorer(self) -> Scorer:
        """What scores."""
        return self.live.gate.scorer

    def answer(self, market: LiveMarket, seen: Seen, row: Row) -> Answer:
        """Ask the model about an event.

        Parameters
        ----------
        market : LiveMarket
            Advanced to the event.
        seen : Seen
            The newest bar of its instrument.
        row : Row
            A bar, or a decision where the model needs one.
        """
        meta, event = self.scorer.meta, row.event
        if self.decides and self.scorer.steps > 1:
            # A decision comes after the newest bars, alone: the next one is no step.
            self._refill(market, seen.symbol, self.scorer.steps - 1)
        asked = LiveRow(
            symbol=seen.symbol,
            values=own_values(meta.columns.names, market.bank.names, seen, row),
            event_ns=event.event_ns if self.decides else seen.event_ns,
            received_ns=event.received_ns,
            market=market_of(seen, meta.horizon_ns, market.interval_ns),
            decision_id=event.event_id if self.decides else "",
        )
        return self.live.on_row(asked, event.received_ns)

    def _refill(self, market: LiveMarket, symbol: str, steps: int) -> None:
        """Put the newest bars into the ring of an instrument."""
        values, times = market.past(symbol)
        values, times = values[-steps:], times[-steps:]
        places = {name: at for at, name in enumerate(market.bank.names)}
        rows = np.full((len(values), len(self.live.bank.names)), np.nan)
        for at, name in enumerate(self.live.bank.names):
            if name in places:
                rows[:, at] = values[:, places[name]]
        self.live.restore(symbol, rows, times)


def reasons_of(scorer: Scorer) -> Explain | None:
    """Tell the reasons of a vote by its members that look at one row: they are quick.

    Sequences take a hundred times longer; `tradeloop signals explain` asks them too.
    """
    quick = tuple(voice for voice in scorer.voices if voice.steps == 1)
    if not quick:
        return None
    asked = replace(scorer, voices=quick)

    def told(given: NDArray[np.floating], side: int) -> tuple[tuple[str, float], ...]:
        row = np.asarray(given, np.float64)
        return top_occluded(asked, row if row.ndim == 1 else row[-1], side)

    return told
