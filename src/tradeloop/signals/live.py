"""From a feature row to a signal, row by row: what a live loop calls.

1. The row enters the ring of its symbol, so that models of several steps have its past.
2. Gate, vote, calibration and policy: the same code as in a back-test.
3. Size and levels, where the market is known; then the book.
4. The same request again gets the same signal from memory, without a vote.

It opens nothing and reads no clock: times come with the rows. It never raises for a
row: what cannot be answered abstains with its reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tradeloop.errors import ArtefactError
from tradeloop.models.base import Columns, Floats
from tradeloop.signals.book import SignalBook
from tradeloop.signals.gate import Gate, Verdicts
from tradeloop.signals.intake import admit, narrow, without_infinities
from tradeloop.signals.issuing import Terms, issue, positioned
from tradeloop.signals.latest import Asked, Latest
from tradeloop.signals.live_rows import Answer, Explain, LiveRow, Request
from tradeloop.signals.policy import Choices
from tradeloop.signals.rings import Rings
from tradeloop.signals.rowchecks import Abstention, RowFacts
from tradeloop.signals.signal import FeatureRow, Signal, SignalStatus, Spoke

_LATEST_NS = 2**62


@dataclass(slots=True)
class LiveSignals:
    """The live path of one model; it changes with every row.

    Parameters
    ----------
    gate : Gate
        Scorer and policy. Give the scorer a `Watch` or `Workers`, so that a slow
        member is left out.
    bank : Columns
        Names and fingerprint of the rows that will come; the columns of the model are
        picked from them by name.
    terms : Terms or None
        How sizes and levels are worked out; None: the policy's fixed size, no levels.
    explain : Explain or None
        Who tells the columns that spoke most, for signals that trade.
    rings : Rings or None
        Last rows of each symbol; made for the model if absent.
    book : SignalBook
        Signals that hold.
    latest : Latest
        Last answers.
    strategy, timeframe : str
        Which rule or timeframe the signals speak for; empty where there is one only.

    Raises
    ------
    ArtefactError
        The bank is another than the model's, or lacks one of its columns.
    """

    gate: Gate
    bank: Columns
    terms: Terms | None = field(default_factory=Terms)
    explain: Explain | None = None
    rings: Rings | None = None
    book: SignalBook = field(default_factory=SignalBook)
    latest: Latest[Answer] = field(default_factory=Latest)
    strategy: str = ""
    timeframe: str = ""
    _picked: NDArray[np.int64] | None = None
    _rings: Rings = field(init=False)

    def __post_init__(self) -> None:
        fitted = self.gate.scorer.meta.columns
        places = {name: at for at, name in enumerate(self.bank.names)}
        absent = [name for name in fitted.names if name not in places]
        if absent or fitted.fingerprint != self.bank.fingerprint:
            raise ArtefactError(
                f"The model was fitted on bank {fitted.fingerprint!r}, the rows come "
                f"from {self.bank.fingerprint!r} and lack {absent[:3]}. Train again, "
                "or compute the model's bank."
            )
        if fitted.names != self.bank.names:
            self._picked = np.array([places[name] for name in fitted.names])
        own = Rings(self.gate.scorer.steps, len(fitted.names))
        self._rings = own if self.rings is None else self.rings

    def restore(self, symbol: str, values: ArrayLike, event_ns: ArrayLike) -> None:
        """Fill the ring of a symbol from stored rows, oldest first.

        Parameters
        ----------
        symbol : str
            Instrument.
        values : array of shape (n_rows, n_bank_columns)
            All columns of the bank.
        event_ns : array of int64 of shape (n_rows,)
            Their times, ns UTC, increasing.

        Raises
        ------
        InputError
            Another width, or times that do not increase.
        """
        rows = without_infinities(np.asarray(values, dtype=np.float64))
        picked = rows if self._picked is None else rows[:, self._picked]
        self._rings.of(symbol).restore(picked, event_ns)

    def observe(self, row: LiveRow) -> Abstention:
        """Take a row into the ring without asking for a signal; never raises.

        Returns
        -------
        Abstention
            NONE, or why the row was not taken.
        """
        try:
            return admit(self._rings, row, self._values(row))
        except Exception:  # noqa: BLE001 - nothing raises into a trading loop
            return Abstention.COLUMNS_DIFFER

    def on_row(self, row: LiveRow, now_ns: int | None = None) -> Answer:
        """Answer one row; never raises. See `on_rows`."""
        return self.on_rows((row,), now_ns)[0]

    def on_rows(
        self, rows: Sequence[LiveRow], now_ns: int | None = None
    ) -> list[Answer]:
        """Answer rows, scoring them together; never raises.

        Parameters
        ----------
        rows : sequence of LiveRow
            In time order for each symbol.
        now_ns : int, optional
            Time of the answers, ns UTC; when each row was received if absent.

        Returns
        -------
        list of Answer
            One for each row, in their order.
        """
        answers: list[Answer | None] = [None] * len(rows)
        asked: list[Request] = []
        for at, row in enumerate(rows):
            try:
                request = self._request(at, row, now_ns)
                if isinstance(request, Answer):
                    answers[at] = request
                else:
                    asked.append(request)
            except Exception as error:  # noqa: BLE001 - nothing raises into a loop
                answers[at] = self._failed(row, now_ns, error)
        if asked:
            self._judge(asked, answers)
        return [
            answer or self._failed(row, now_ns, "no answer")
            for answer, row in zip(answers, rows, strict=True)
        ]

    def _request(self, at: int, row: LiveRow, now_ns: int | None) -> Answer | Request:
        """Look the row up, take it in; return what is to be scored."""
        now = int(row.received_ns if now_ns is None else now_ns)
        values = self._values(row)
        meta = self.gate.scorer.meta
        version = f"{meta.name} {meta.version}"
        asked = Asked(row.symbol, meta.columns.fingerprint, version)
        sent = (values.tobytes(), row.event_ns, float(row.quality), row.market)
        request = (*sent, row.decision_id)
        kept = self.latest.get(asked, request, now)
        if kept is not None:
            return replace(kept, archived=self.book.expire(now), repeated=True)
        reason = admit(self._rings, row, values)
        if reason is not Abstention.NONE:
            return self._abstained(row, now, reason)
        given: NDArray[np.floating] = values
        if self.gate.scorer.steps > 1:
            if np.isinf(narrow(values)).any():
                return self._abstained(row, now, Abstention.INFINITE_INPUT)
            given = self._rings.of(row.symbol).window().copy()
        return Request(at, row, now, values, given, asked, request)

    def _values(self, row: LiveRow) -> Floats:
        values = np.asarray(row.values, dtype=np.float64)
        if values.shape != (len(self.bank.names),):
            return np.empty(0)
        return values if self._picked is None else values[self._picked]

    def _judge(self, asked: list[Request], answers: list[Answer | None]) -> None:
        """Score all requests at once and write their answers."""
        try:
            verdicts = self._verdicts(asked)
            signals = self._issued(asked, verdicts)
        except Exception as error:  # noqa: BLE001 - nothing raises into a loop
            for each in asked:
                answers[each.at] = self._failed(each.row, each.now_ns, error)
            return
        for each, signal in zip(asked, signals, strict=True):
            try:
                answers[each.at] = self._answer(each, signal, verdicts)
            except Exception as error:  # noqa: BLE001 - one row is not all rows
                answers[each.at] = self._failed(each.row, each.now_ns, error)

    def _verdicts(self, asked: list[Request]) -> Verdicts:
        facts = RowFacts(
            age_ns=[each.now_ns - each.row.event_ns for each in asked],
            quality=[each.row.quality for each in asked],
        )
        columns = self.gate.scorer.meta.columns
        return self.gate.judge(
            np.stack([each.given for each in asked]),
            columns.fingerprint,
            columns.names,
            facts=facts,
            at_ns=asked[0].now_ns,
        )

    def _issued(self, asked: list[Request], verdicts: Verdicts) -> tuple[Signal, ...]:
        scorer = self.gate.scorer
        sides = verdicts.choices.side.tolist()
        return issue(
            verdicts,
            scorer.meta,
            self.gate.policy,
            symbols=[each.row.symbol for each in asked],
            created_ns=[each.now_ns for each in asked],
            decision_ids=[each.row.decision_id for each in asked],
            spoke=[
                self._spoke(each.given, side)
                for each, side in zip(asked, sides, strict=True)
            ],
            calibration_rows=scorer.calibration.rows,
        )

    def _answer(self, each: Request, signal: Signal, verdicts: Verdicts) -> Answer:
        row = FeatureRow.of(self.gate.scorer.meta.columns.names, each.values)
        market, cap = each.row.market, self.gate.policy.position_share
        if self.terms is None or market is None:
            signal = replace(signal, features=row)
        else:
            signal = positioned(signal, market, self.terms, cap, features=row)
        if self.strategy or self.timeframe:
            signal = replace(signal, strategy=self.strategy, timeframe=self.timeframe)
        archived = self.book.expire(each.now_ns)
        if signal.status is SignalStatus.ACTIVE:
            archived += self.book.add(signal, each.now_ns)
        answer = Answer(signal, verdicts.members, archived)
        if not verdicts.fault:  # who was left out now may be back at the next request
            kept = Answer(signal)
            self.latest.put(each.asked, each.request, kept, self._until(each, signal))
        return answer

    def _spoke(self, given: NDArray[np.floating], side: int) -> Spoke:
        """Ask who spoke most; a reason that cannot be told costs no signal."""
        if not side or self.explain is None:
            return ()
        try:
            return self.explain(given, side)
        except Exception:  # noqa: BLE001 - nothing raises into a trading loop
            return ()

    def _until(self, each: Request, signal: Signal) -> int:
        """Until when the answer may be given again: it holds and is not stale."""
        oldest = self.gate.policy.max_age_ns
        if oldest is None:
            return signal.expires_ns
        return min(signal.expires_ns, each.row.event_ns + oldest + 1)

    def _failed(self, row: LiveRow, now_ns: int | None, error: object) -> Answer:
        """Abstain for what nothing else caught; asks nothing of the row."""
        fault = f"{type(error).__name__}: {error}"
        now = now_ns if now_ns is not None else getattr(row, "received_ns", 0)
        now = now if isinstance(now, int) and abs(now) < _LATEST_NS else 0
        return self._abstained(row, now, Abstention.SCORER_FAILED, fault)

    def _abstained(
        self, row: LiveRow, now_ns: int, reason: Abstention, fault: str = ""
    ) -> Answer:
        verdicts = Verdicts(
            np.full((1, 3), np.nan),
            Choices(np.zeros(1, np.int8), np.full(1, np.nan), np.full(1, np.nan)),
            np.array([reason], dtype=np.int8),
            fault,
        )
        (signal,) = issue(
            verdicts,
            self.gate.scorer.meta,
            self.gate.policy,
            symbols=(str(getattr(row, "symbol", "")),),
            created_ns=(now_ns,),
            decision_ids=(str(getattr(row, "decision_id", "")),),
        )
        return Answer(signal)
