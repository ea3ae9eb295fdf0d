"""Ticks come in as numbered batches: to the lake first, then listed in the journal.

Batches that arrive together share one commit of each table and one sync of the journal,
whoever sent them: while one group goes to the disk, the next one gathers. A batch is
acknowledged after both are durable.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition, Thread
from types import TracebackType
from typing import Self

import polars as pl
import pyarrow as pa

from tradeloop.clock import Clock
from tradeloop.errors import InputError, OverloadedError
from tradeloop.events import Principal
from tradeloop.pipelines.take_batch import decode, examine
from tradeloop.pipelines.take_group import (
    Laid,
    Sent,
    by,
    lay,
    place,
    sender,
    submission_of,
)
from tradeloop.stores import EventLog, Lake
from tradeloop.stores.base import Receipt, Status

_GROUP_ROWS = 1_000_000
_MOST_ROWS = 4_000_000


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch; it is durable when this is held.

    Parameters
    ----------
    source : str
        Who sent it.
    epoch, n : int
        Its number.
    status : {"stored", "duplicate", "conflict", "quarantined"}
        ``duplicate``: the same batch was there. ``conflict``: another one was there
        under this number, and was kept. ``quarantined``: no row of it keeps the rules.
    rows, refused : int
        Rows kept, and rows that went to quarantine; both 0 with ``conflict``.
    version : int or None
        Version of the table that brought the rows.
    """

    source: str
    epoch: int
    n: int
    status: Status
    rows: int
    refused: int
    version: int | None


class TickIntake:
    """One writer for the ticks of all sources; safe for many threads.

    Parameters
    ----------
    lake : Lake
        Keeps the rows.
    journal : EventLog
        Lists them, with the number of each batch.
    clock : Clock
        Tells when it was recorded.
    most_rows : int
        Rows that may wait; beyond them `submit` refuses.
    """

    def __init__(
        self,
        lake: Lake,
        journal: EventLog,
        clock: Clock,
        *,
        most_rows: int = _MOST_ROWS,
    ) -> None:
        self._lake, self._journal, self._clock = lake, journal, clock
        self._most_rows, self._rows = most_rows, 0
        self._waiting: deque[Sent] = deque()
        self._changed = Condition()
        self._closed = False
        self._writer = Thread(target=self._run, name="tick-intake", daemon=True)
        self._writer.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def submit(
        self,
        principal: Principal,
        kind: str,
        table: bytes | pa.Table | pl.DataFrame,
        *,
        source: str,
        epoch: int,
        n: int,
    ) -> Future[Taken]:
        """Check a batch and hand it to the writer.

        Parameters
        ----------
        principal : Principal
            Whose it is.
        kind : str
            Such as ``quote``.
        table : bytes, pyarrow.Table or polars.DataFrame
            An Arrow IPC stream, or rows, of the record's columns.
        source : str
            Who sends it.
        epoch, n : int
            Life of the source and number of the batch in it, from 1, shared with all
            else that the source sends; resending the same batch stores it once.

        Returns
        -------
        concurrent.futures.Future of Taken
            Done when the batch is durable.

        Raises
        ------
        InputError
            No such stream, wrong columns, or no number; a row that breaks a rule goes
            to quarantine alone.
        OverloadedError
            Too many rows wait; nothing was taken.
        """
        if n < 1 or epoch < 0 or not source:
            raise InputError(
                f"A batch needs a source and a number from 1, was {source!r:.60}, {n}.",
                way_out="Count the batches of each source.",
            )
        rows = decode(table) if isinstance(table, bytes) else table
        batch = examine(kind, rows, f"{source}/{epoch}/{n}")
        sent = Sent(principal, kind, source, epoch, n, batch)
        # Whoever gives up waiting cannot take back what others wait for too.
        sent.answer.set_running_or_notify_cancel()
        with self._changed:
            if self._closed or self._rows + sent.size > max(self._most_rows, sent.size):
                raise OverloadedError(
                    f"{self._rows} rows of ticks wait to be stored.", retry_after_s=1
                )
            self._waiting.append(sent)
            self._rows += sent.size
            self._changed.notify()
        return sent.answer

    def close(self) -> None:
        """Store what waits and stop."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._writer.join()

    def _run(self) -> None:
        while group := self._next_group():
            self._store(group)
            with self._changed:
                self._rows -= sum(sent.size for sent in group)

    def _next_group(self) -> list[Sent]:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            group, rows = [], 0
            while self._waiting and rows < _GROUP_ROWS:
                group.append(self._waiting.popleft())
                rows += group[-1].size
            return group

    def _store(self, group: Sequence[Sent]) -> None:
        """Store a group; an error goes to those whose batches it keeps out."""
        laid: dict[int, Laid] = {}
        for together in by(place, group):
            with _heard(together):
                for one in lay(self._lake, together):
                    laid[id(one.sent)] = one
        # Each sender's batches are listed in the order in which they came.
        senders = by(sender, [laid[id(sent)] for sent in group if id(sent) in laid])
        if senders:
            with _heard([one.sent for told in senders for one in told]):
                self._list(senders)

    def _list(self, senders: Sequence[Sequence[Laid]]) -> None:
        """List batches in the journal by one transaction, then answer."""
        now_ns = self._clock.now_ns()
        given = [submission_of(told, now_ns) for told in senders]
        for told, found in zip(senders, self._journal.write(given), strict=True):
            with _heard([one.sent for one in told]):
                if isinstance(found, Exception):
                    raise found
                for one, receipt in zip(told, found[-len(told) :], strict=True):
                    one.sent.answer.set_result(_taken(one, receipt))


def take(
    intake: TickIntake,
    principal: Principal,
    kind: str,
    table: bytes | pa.Table | pl.DataFrame,
    *,
    source: str,
    epoch: int,
    n: int,
) -> Taken:
    """Store one batch of ticks; durable on return. As `TickIntake.submit`."""
    answer = intake.submit(principal, kind, table, source=source, epoch=epoch, n=n)
    return answer.result()


def _taken(laid: Laid, receipt: Receipt) -> Taken:
    sent, batch, commit = laid.sent, laid.sent.batch, laid.commit
    number = (sent.source, sent.epoch, sent.n)
    if laid.conflict or receipt.status == "conflict":
        return Taken(*number, "conflict", 0, 0, None)
    new = receipt.status == "stored"
    status: Status = "quarantined" if new and commit is None else receipt.status
    version = commit.version if commit else None
    return Taken(*number, status, batch.rows.height, batch.refused.height, version)


@contextmanager
def _heard(group: Sequence[Sent]) -> Iterator[None]:
    """Let an error reach all who wait for one of a group, and end nothing else."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whoever waits must hear of it
        for sent in group:
            if not sent.answer.done():
                sent.answer.set_exception(error)
