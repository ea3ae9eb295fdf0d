"""Events from the journal to the broker, in order, each at least once.

The journal's event table is the outbox; a cursor in the journal says how far it has
been published. It moves only after the broker has acknowledged, and only for who holds
its lease: a relay that was paused and overtaken stops at its next step. Published are
the kinds that have a contract; what the journal notes for itself stays in it.
"""

import json
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace

from tradeloop.clock import NS_PER_SECOND, Clock
from tradeloop.errors import BusyError, TradeloopError
from tradeloop.events import BY_KIND, Message, envelope_of
from tradeloop.stores import START, EventLog, Lease, Position, StoredEvent
from tradeloop.stores.broker import (
    Broker,
    Outgoing,
    UnreachableError,
    event_subject,
    message_id,
)

CURSOR = "relay"
LEASE_NS = 30 * NS_PER_SECOND
BATCH = 2_000
_IDLE_S, _FIRST_WAIT_S, _LONGEST_WAIT_S = 0.05, 0.1, 10.0


@dataclass(frozen=True, slots=True)
class Relayed:
    """What a relay has done.

    Parameters
    ----------
    published : int
        Events that the broker acknowledged as new.
    known : int
        Events that it had before.
    position : Position
        Place in the outbox up to which everything is published.
    renewed : bool
        The broker had lost its stream, and a new one was begun: what was published
        before is not in it until the stream is rebuilt.
    """

    published: int = 0
    known: int = 0
    position: Position = START
    renewed: bool = False


class Relay:
    """Holds the cursor and publishes round by round.

    Parameters
    ----------
    journal : EventLog
        Open for writing: the cursor moves.
    broker : Broker
        Where to.
    clock : Clock
        The journal's.
    owner : str
        Who relays; another name for each process.
    lease_ns : int
        For how long the cursor is ours, longer than the broker's calls may take.
    batch : int
        Events that are published before the cursor moves.
    """

    def __init__(
        self,
        journal: EventLog,
        broker: Broker,
        clock: Clock,
        *,
        owner: str,
        lease_ns: int = LEASE_NS,
        batch: int = BATCH,
    ) -> None:
        self._journal, self._broker, self._clock = journal, broker, clock
        self._owner, self._lease_ns, self._batch = owner, lease_ns, batch
        self._lease: Lease | None = None
        self._prepared = False

    def round(self) -> Relayed:
        """Publish everything that is in the journal now.

        Raises
        ------
        BusyError
            Another relay holds the cursor, or has taken it since.
        UnreachableError
            The broker does not answer; what it acknowledged before counts.
        """
        try:
            return self._published(self._renewed())
        except BusyError:
            self._lease = None
            raise
        except UnreachableError:
            self._prepared = False
            raise

    def give_back(self) -> None:
        """Let go of the cursor, so that another relay need not wait for its end."""
        if self._lease is not None:
            self._lease = None
            give_back(self._journal, self._owner)

    def _published(self, lease: Lease) -> Relayed:
        done = Relayed(position=lease.position)
        if not self._prepared:
            lost = self._broker.prepare() and lease.position > START
            done, self._prepared = replace(done, renewed=lost), True
        while found := self._journal.outbox(lease.position, self._batch):
            told = self._broker.publish(messages(found))
            self._lease = self._journal.advance(lease, found[-1][0])
            done = Relayed(
                published=done.published + told.stored,
                known=done.known + told.known,
                position=self._lease.position,
                renewed=done.renewed or (told.renewed and done.position > START),
            )
            lease = self._renewed()
        return done

    def _renewed(self) -> Lease:
        """Take the lease, or prolong it after half of its time."""
        lease, for_ns = self._lease, self._lease_ns
        if lease is None:
            lease = self._journal.lease(CURSOR, self._owner, for_ns)
        elif lease.until_ns - self._clock.now_ns() < for_ns // 2:
            lease = renewed(self._journal, lease, for_ns)
        self._lease = lease
        return lease


def relay_once(
    journal: EventLog, broker: Broker, clock: Clock, *, owner: str
) -> Relayed:
    """Publish everything that is in the journal now, and give the cursor back.

    Raises
    ------
    BusyError
        Another relay holds the cursor, or has taken it since.
    UnreachableError
        The broker does not answer; what it acknowledged before counts.
    """
    relay = Relay(journal, broker, clock, owner=owner)
    try:
        return relay.round()
    finally:
        relay.give_back()


def keep_on(
    step: Callable[[], None],
    stop: threading.Event,
    *,
    idle_s: float = _IDLE_S,
    trouble: Callable[[str], None] | None = None,
) -> None:
    """Repeat a step until asked to stop, whatever it raises of ours.

    While a broker does not answer, or another relay holds the cursor, the step is tried
    again: after 0.1 s at first, after 10 s at last.

    Parameters
    ----------
    step : callable
        What is done.
    stop : threading.Event
        Set it to end.
    idle_s : float
        Pause after a step that succeeded, seconds.
    trouble : callable, optional
        Hears why a step failed; of an empty text when one succeeded.
    """
    wait_s, hear = _FIRST_WAIT_S, trouble or (lambda _: None)
    while not stop.is_set():
        try:
            step()
        except TradeloopError as error:
            hear(str(error))
            stop.wait(wait_s)
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
        else:
            hear("")
            wait_s = _FIRST_WAIT_S
            stop.wait(idle_s)


def messages(found: Iterable[tuple[Position, StoredEvent]]) -> list[Outgoing]:
    """Write events of the outbox as messages; those without a contract are left out."""
    return [
        Outgoing(
            event_subject(event.principal.tenant, event.kind),
            message_id(event.principal.tenant, event.kind, event.event_id),
            position,
            _payload(event),
        )
        for position, event in found
        if is_message(event)
    ]


def is_message(event: StoredEvent) -> bool:
    """Whether an event is published: its kind has a contract."""
    return event.kind in BY_KIND


def _payload(event: StoredEvent) -> bytes:
    envelope = envelope_of(
        Message(
            kind=event.kind,
            source=event.source,
            event_id=event.event_id,
            event_ns=event.event_ns,
            received_ns=event.received_ns,
            epoch=event.epoch,
            n=event.n,
            body=event.body,
        )
    )
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()


def renewed(journal: EventLog, lease: Lease, lease_ns: int) -> Lease:
    """Prolong a lease; one that somebody else had since is not prolonged."""
    again = journal.lease(CURSOR, lease.owner, lease_ns)
    if again.fence != lease.fence:
        raise BusyError(f"The cursor {CURSOR!r} was taken by another relay meanwhile.")
    return again


def give_back(journal: EventLog, owner: str) -> None:
    """End our lease of the cursor, so that another relay need not wait for its end."""
    with suppress(BusyError):  # another has it already
        journal.lease(CURSOR, owner, 1)
