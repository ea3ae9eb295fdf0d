"""Messages and ticks from a broker, made durable, then acknowledged to the broker.

A broker delivers again what was not acknowledged. That the effect is there once rests
on the journal: the same id with the same content is answered ``duplicate``, the same
batch number likewise. What is refused goes to quarantine with its reason and is
acknowledged too: it would be refused again each time.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol

from tradeloop.clock import Clock
from tradeloop.errors import InputError, OverloadedError, TradeloopError
from tradeloop.events import AuditEntry, Principal
from tradeloop.pipelines.accept import Door
from tradeloop.stores import Entry, Receipt, Rejected, Submission
from tradeloop.stores.broker import Delivered, Letter, TickStream, tenant_and_kind
from tradeloop.stores.group_commit import GroupCommit

BY_BROKER = "broker"
"""Name of the principal, and of the source of what names none."""
_NOWHERE = Principal("unplaced", BY_BROKER)  # the subject names no tenant
_MOST_SHOWN = 65_536
_FEW, _MANY, _AT_ONCE_BYTES = 8, 1_000, 64 << 20


class Consumer:
    """Makes letters durable through the group commit.

    Parameters
    ----------
    door : Door
        Checks messages.
    group : GroupCommit
        Writes what the door does not take: rows of the quarantine.
    clock : Clock
        Says when a letter came.

    Attributes
    ----------
    told : Counter
        How many messages became what: ``stored``, ``duplicate``, ``conflict``,
        ``quarantined``.
    """

    def __init__(self, door: Door, group: GroupCommit, clock: Clock) -> None:
        self._door, self._group, self._clock = door, group, clock
        self.told: Counter[str] = Counter()

    async def take(self, letters: Sequence[Letter]) -> None:
        """Store letters; all are durable on return.

        While the journal is full it waits: the broker keeps what comes meanwhile.

        Raises
        ------
        TradeloopError
            Some could not be stored; they must come again.
        """
        promised = [(letter, await self._sent(letter)) for letter in letters]
        for letter, receipts in promised:
            try:
                found = await asyncio.wrap_future(receipts)
            except InputError as error:  # the journal is stricter than the contract
                found = await asyncio.wrap_future(self._refused(letter, str(error)))
            self.told.update(receipt.status for receipt in found)

    async def _sent(self, letter: Letter) -> Future[list[Receipt]]:
        while True:
            try:
                return self._handed(letter)
            except OverloadedError as error:
                await asyncio.sleep(error.retry_after_s)

    def _handed(self, letter: Letter) -> Future[list[Receipt]]:
        try:
            principal, _ = _place(letter.subject)
            return self._door.send(principal, letter.body, "json").receipts
        except InputError as error:
            return self._refused(letter, str(error))

    def _refused(self, letter: Letter, reason: str) -> Future[list[Receipt]]:
        principal, kind = _placed(letter.subject)
        text = letter.body[:_MOST_SHOWN].decode("utf-8", errors="replace")
        entry = Entry(kind, BY_BROKER, Rejected(-1, "", reason, text))
        audit = AuditEntry(principal, self._clock.now_ns(), "accept", letter.subject)
        return self._group.submit(Submission(principal, (entry,), audit))


@dataclass(frozen=True, slots=True)
class TicksTaken:
    """What became of batches of ticks.

    Parameters
    ----------
    batches : int
        Batches that are durable and acknowledged.
    refused : int
        Batches that went to quarantine as a whole.
    """

    batches: int = 0
    refused: int = 0


class Submit(Protocol):
    """Hands a batch of ticks to whoever writes it; `TickIntake.submit` is one."""

    def __call__(  # noqa: D102 - said above
        self,
        principal: Principal,
        kind: str,
        table: bytes,
        /,
        *,
        source: str,
        epoch: int,
        n: int,
    ) -> Future[Any]: ...


class TickConsumer:
    """Takes Arrow batches from a broker into the lake.

    Parameters
    ----------
    stream : TickStream
        Where they come from.
    submit : callable
        Makes a batch durable; see `Submit`.
    group : GroupCommit
        Writes rows of the quarantine.
    clock : Clock
        Says when a batch came.
    """

    def __init__(
        self, stream: TickStream, submit: Submit, group: GroupCommit, clock: Clock
    ) -> None:
        self._stream, self._submit = stream, submit
        self._group, self._clock = group, clock
        self._limit = _FEW

    def round(self, *, wait_s: float = 0.5) -> TicksTaken:
        """Take batches that are there, about 64 MiB of them, or wait for the first.

        Raises
        ------
        UnreachableError
            The broker does not answer; what was not acknowledged comes again.
        TradeloopError
            A batch could not be stored; it comes again.
        """
        delivered = self._stream.fetch(self._limit, wait_s)
        if size := sum(len(one.payload) for one in delivered):
            most = _AT_ONCE_BYTES * len(delivered) // size
            self._limit = max(_FEW, min(most, _MANY))
        waiting = [(one, self._handed(one)) for one in delivered]
        done: list[Delivered] = []
        refused, failed = 0, None
        for one, answer in waiting:
            try:
                refused += self._kept(one, answer)
                done.append(one)
            except TradeloopError as error:
                failed = failed or error
        if done:
            self._stream.acknowledge(done)
        if failed is not None:
            raise failed
        return TicksTaken(len(done) - refused, refused)

    def _handed(self, one: Delivered) -> Future[Any] | InputError | OverloadedError:
        try:
            principal, kind = _place(one.subject)
            source, epoch, n = one.number()
            return self._submit(
                principal, kind, one.payload, source=source, epoch=epoch, n=n
            )
        except (InputError, OverloadedError) as error:
            return error

    def _kept(
        self, one: Delivered, answer: Future[Any] | InputError | OverloadedError
    ) -> bool:
        """Wait until a batch is durable; return whether it was refused."""
        try:
            if isinstance(answer, Exception):
                raise answer
            answer.result()
        except InputError as error:
            self._refuse(one, str(error))
            return True
        return False

    def _refuse(self, one: Delivered, reason: str) -> None:
        principal, kind = _placed(one.subject)
        told = {
            "subject": one.subject,
            "bytes": len(one.payload),
            "sha256": sha256(one.payload).hexdigest(),
        }
        rejected = Rejected(-1, "", reason, json.dumps(told))
        audit = AuditEntry(principal, self._clock.now_ns(), "take", one.subject)
        entries = (Entry(f"rejected_{kind}", BY_BROKER, rejected),)
        self._group.submit(Submission(principal, entries, audit)).result()


def _place(subject: str) -> tuple[Principal, str]:
    tenant, kind = tenant_and_kind(subject)
    return Principal(tenant, BY_BROKER), kind


def _placed(subject: str) -> tuple[Principal, str]:
    try:
        return _place(subject)
    except InputError:
        return _NOWHERE, "unknown"
