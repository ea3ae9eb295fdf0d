"""Ticks come in as numbered batches: to the lake first, then listed in the journal.

Batches that arrive together share one commit of the lake and one sync: while one group
goes to the disk, the next one gathers. A batch is acknowledged after both are durable.
"""

import json
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import groupby
from threading import Condition, Thread
from types import TracebackType
from typing import Self

import polars as pl
import pyarrow as pa

from tradeloop.clock import Clock
from tradeloop.errors import ConflictError, InputError, OverloadedError
from tradeloop.events import AuditEntry, Principal
from tradeloop.pipelines.record import SLICE
from tradeloop.pipelines.take_batch import Batch, decode, examine
from tradeloop.stores import Event, EventLog, Lake, Rejected
from tradeloop.stores.base import Status
from tradeloop.stores.ticks_append import Commit, Part

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


@dataclass(frozen=True, slots=True)
class _Sent:
    principal: Principal
    kind: str
    source: str
    epoch: int
    n: int
    batch: Batch
    answer: Future[Taken] = field(default_factory=Future)

    @property
    def key(self) -> str:
        return f"{self.source}/{self.epoch}/{self.n}"

    @property
    def size(self) -> int:
        return self.batch.rows.height + self.batch.refused.height


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
        self._waiting: deque[_Sent] = deque()
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
        sent = _Sent(principal, kind, source, epoch, n, batch)
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
            # Same tenant and kind: one commit. The order within them is kept.
            group.sort(key=_place)
            for _, together in groupby(group, _place):
                _guarded(list(together), self._store)
            with self._changed:
                self._rows -= sum(sent.size for sent in group)

    def _next_group(self) -> list[_Sent]:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            group, rows = [], 0
            while self._waiting and rows < _GROUP_ROWS:
                group.append(self._waiting.popleft())
                rows += group[-1].size
            return group

    def _store(self, group: Sequence[_Sent]) -> None:
        first, kept = group[0], [sent for sent in group if sent.batch.rows.height]
        parts = [Part(sent.key, sent.batch.rows, sent.batch.sha256) for sent in kept]
        ticks = self._lake.ticks
        found = ticks.append_all(first.principal, first.kind, parts) if parts else []
        commits = {id(s): commit for s, commit in zip(kept, found, strict=True)}
        for sent in group:
            self._refused(sent)
        by_source = sorted(group, key=_sender)
        for _, together in groupby(by_source, _sender):
            self._list(list(together), commits)

    def _refused(self, sent: _Sent) -> None:
        """Keep the refused rows of a batch and list them."""
        rows, kind = sent.batch.refused, f"rejected_{sent.kind}"
        if rows.is_empty():
            return
        written = self._lake.write_events(sent.principal, kind, rows)
        body = {
            "kind": kind,
            "sha256": written.sha256,
            "rows": written.rows,
            "version": written.version,
        }
        event = Event(f"{kind}-{written.sha256}", 0, 0, body)
        audit = self._audit(sent, "quarantine", rows.height)
        self._journal.append(sent.principal, SLICE, "lake", [event], audit)

    def _list(
        self, group: Sequence[_Sent], commits: dict[int, Commit | ConflictError]
    ) -> None:
        """List the batches of one source in the journal, then answer."""
        events, listed = [], []
        for sent in group:
            commit = commits.get(id(sent))
            if isinstance(commit, ConflictError):
                self._conflict(sent, str(commit))
                continue
            listed.append((sent, commit))
            events.append(_event(sent, commit))
        if not events:
            return
        first = group[0]
        audit = self._audit(first, "take", sum(s.batch.rows.height for s, _ in listed))
        receipts = self._journal.append(
            first.principal, SLICE, first.source, events, audit
        )
        for (sent, commit), receipt in zip(listed, receipts, strict=True):
            sent.answer.set_result(_taken(sent, receipt.status, commit))

    def _conflict(self, sent: _Sent, reason: str) -> None:
        body = json.dumps({"sha256": sent.batch.sha256, "rows": sent.size})
        rejected = Rejected(-1, sent.key, reason, body)
        audit = self._audit(sent, "quarantine", sent.size)
        self._journal.reject(sent.principal, sent.source, [rejected], audit, kind=SLICE)
        sent.answer.set_result(_taken(sent, "conflict", None))

    def _audit(self, sent: _Sent, action: str, rows: int) -> AuditEntry:
        subject = f"{sent.kind} of {sent.source}"
        detail = json.dumps({"rows": rows})
        return AuditEntry(sent.principal, self._clock.now_ns(), action, subject, detail)


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


def _place(sent: _Sent) -> tuple[str, str]:
    return sent.principal.tenant, sent.kind


def _sender(sent: _Sent) -> tuple[str, str]:
    return sent.principal.name, sent.source


def _event(sent: _Sent, commit: Commit | None) -> Event:
    batch = sent.batch
    body = {
        "kind": sent.kind,
        "key": sent.key,
        "sha256": batch.sha256,
        "rows": batch.rows.height,
        "refused": batch.refused.height,
        "version": commit.version if commit else None,
    }
    name, at_ns = f"{sent.kind}/{sent.key}", batch.received_ns
    return Event(name, at_ns, at_ns, body, sent.epoch, sent.n)


def _taken(sent: _Sent, status: Status, commit: Commit | None) -> Taken:
    batch, number = sent.batch, (sent.source, sent.epoch, sent.n)
    if status == "conflict":
        return Taken(*number, status, 0, 0, None)
    if status == "stored" and commit is None:
        status = "quarantined"
    version = commit.version if commit else None
    return Taken(*number, status, batch.rows.height, batch.refused.height, version)


def _guarded(group: Sequence[_Sent], store: Callable[[Sequence[_Sent]], None]) -> None:
    """Store a group; an error goes to those who wait for it, and ends nothing else."""
    try:
        store(group)
    except Exception as error:  # noqa: BLE001 - whoever waits must hear of it
        for sent in group:
            if not sent.answer.done():
                sent.answer.set_exception(error)
