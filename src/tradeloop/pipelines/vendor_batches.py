"""Rows of a vendor's stream as numbered batches, each sent until it is durable."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

import polars as pl

from tradeloop.errors import FullError, OverloadedError
from tradeloop.events import Principal
from tradeloop.pipelines.take import Taken, TickIntake

SOURCES = {"bar": "polygon/bars", "quote": "polygon/quotes", "trade": "polygon/trades"}
"""Sources of the batches, by kind."""
_MOST_WAITING = 64


@dataclass(frozen=True, slots=True)
class Pace:
    """When a batch is sent, and how long the disk may refuse it.

    Parameters
    ----------
    rows : int
        Rows of a batch at most, give or take a frame.
    after_s : float
        How long a row waits for others.
    retry_s, tries : float, int
        Wait between two tries of one batch, and how many there are.
    """

    rows: int = 5_000
    after_s: float = 0.25
    retry_s: float = 1.0
    tries: int = 60


@dataclass(slots=True)
class _Batch:
    kind: str
    n: int
    rows: pl.DataFrame
    answer: Future[Taken]


class Batches:
    """Sends batches; a single thread calls it.

    Parameters
    ----------
    intake : TickIntake
        Makes them durable.
    principal : Principal
        Whose they are.
    epoch : int
        Life of the sources; numbers begin at 1 in it.
    pace : Pace
        How long the disk may refuse a batch.
    stored : callable
        Hears of each batch, with its kind, once it is durable.
    """

    def __init__(
        self,
        intake: TickIntake,
        principal: Principal,
        epoch: int,
        pace: Pace,
        stored: Callable[[str, Taken], None],
    ) -> None:
        self._intake, self._principal, self._epoch = intake, principal, epoch
        self._pace, self._told = pace, stored
        self._numbers = dict.fromkeys(SOURCES, 0)
        self._waiting: deque[_Batch] = deque()

    def send(self, kind: str, rows: pl.DataFrame) -> None:
        """Send rows as the next batch of their source.

        Raises
        ------
        OverloadedError
            They were not taken for as long as the pace allows.
        """
        n = self._numbers[kind] + 1
        answer = self._submitted(kind, n, rows)
        self._numbers[kind] = n
        self._waiting.append(_Batch(kind, n, rows, answer))

    def settle(self, *, most: int = _MOST_WAITING) -> None:
        """Hear of the batches that are durable; wait while more than ``most`` are not.

        Raises
        ------
        FullError, OSError
            The disk refused a batch for longer than the pace allows.
        """
        while self._waiting:
            batch = self._waiting[0]
            if len(self._waiting) <= most and not batch.answer.done():
                return
            taken = self._durable(batch)
            self._waiting.popleft()
            self._told(batch.kind, taken)

    def _durable(self, batch: _Batch) -> Taken:
        tries = self._pace.tries
        while True:
            try:
                return batch.answer.result()
            except (FullError, OSError):
                tries -= 1
                if not tries:
                    raise
                self._wait()
                # The same number: what was stored after all is a duplicate then.
                batch.answer = self._submitted(batch.kind, batch.n, batch.rows)

    def _submitted(self, kind: str, n: int, rows: pl.DataFrame) -> Future[Taken]:
        tries = self._pace.tries
        while True:
            try:
                return self._intake.submit(
                    self._principal,
                    kind,
                    rows,
                    source=SOURCES[kind],
                    epoch=self._epoch,
                    n=n,
                )
            except OverloadedError:
                tries -= 1
                if not tries:
                    raise
                self._wait()

    def _wait(self) -> None:
        # Not the event that stops the stream: what came is stored even then.
        threading.Event().wait(self._pace.retry_s)
