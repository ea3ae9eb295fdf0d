"""Is the broker's stream what the journal holds? Compare, repair, rebuild.

A broker may lose what it acknowledged (by default NATS syncs its files every two
minutes), or be emptied. The journal is the truth; the stream is made from it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from tradeloop.clock import NS_PER_SECOND, Clock
from tradeloop.pipelines.relay import (
    BATCH,
    CURSOR,
    LEASE_NS,
    give_back,
    is_message,
    messages,
    renewed,
)
from tradeloop.stores import START, EventLog, Position, StoredEvent
from tradeloop.stores.broker import Stream, message_id

_SHORT_NS = NS_PER_SECOND
_Group = tuple[str, str]  # tenant and kind


@dataclass(frozen=True, slots=True)
class Compared:
    """One kind of event of one tenant, in the journal and on the broker.

    Parameters
    ----------
    tenant, kind : str
        Which events.
    journal, stream : int
        How many different events each holds, up to the position compared.
    journal_sha256, stream_sha256 : str
        Hash of their ids, sorted: equal where the same events are there.
    missing : tuple of str
        Ids of messages that the stream should hold and does not, in the journal's
        order.
    extra : tuple of str
        Ids of messages that the stream holds and the journal does not.
    repeated : int
        Messages that are in the stream once more: no harm to readers that keep to ids.
    """

    tenant: str
    kind: str
    journal: int
    stream: int
    journal_sha256: str
    stream_sha256: str
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    repeated: int


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The stream against the journal.

    Parameters
    ----------
    since : Position
        What the journal holds before this place is not compared: the stream drops what
        is old. `START` where it keeps everything.
    upto : Position
        What the journal holds after this place may be on its way and is not compared.
    kinds : tuple of Compared
        One per tenant and kind, sorted.
    """

    since: Position
    upto: Position
    kinds: tuple[Compared, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing is missing and nothing is there that should not be."""
        return not any(kind.missing or kind.extra for kind in self.kinds)

    @property
    def missing(self) -> tuple[str, ...]:
        """Ids of all messages that the stream should hold and does not."""
        return tuple(name for kind in self.kinds for name in kind.missing)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What was published again.

    Parameters
    ----------
    published : int
        Messages that were sent and acknowledged.
    upto : Position
        Place in the outbox up to which the stream is whole.
    """

    published: int
    upto: Position


def published_upto(journal: EventLog, owner: str) -> Position:
    """Read how far the relay has come, by holding its cursor for a moment.

    Raises
    ------
    BusyError
        A relay is at work: ask it, its `Relayed.position` says it.
    """
    position = journal.lease(CURSOR, owner, _SHORT_NS).position
    give_back(journal, owner)
    return position


def reconcile(journal: EventLog, stream: Stream, *, upto: Position) -> Reconciled:
    """Compare what the stream holds with what it should hold.

    Parameters
    ----------
    journal : EventLog
        Open, for reading at least.
    stream : Stream
        The broker.
    upto : Position
        How far the relay had come before this was called; see `published_upto`.

    Raises
    ------
    UnreachableError
        The broker does not answer.
    """
    found = list(stream.held())
    held = Counter(one.message_id for one in found)
    since = found[0].position if found and stream.drops_old() else START
    due: dict[_Group, list[str]] = {}
    apart: set[str] = set()  # too old or too new to be compared, there or not
    for position, event in _outbox(journal):
        name = _name(event)
        if since <= position <= upto:
            due.setdefault(_group(name), []).append(name)
        else:
            apart.add(name)
    there: dict[_Group, set[str]] = {}
    for name in held.keys() - apart:
        there.setdefault(_group(name), set()).add(name)
    return Reconciled(
        since,
        upto,
        tuple(
            _compared(group, due.get(group, []), there.get(group, set()), held)
            for group in sorted(due.keys() | there.keys())
        ),
    )


def _compared(
    group: _Group, due: list[str], there: set[str], held: Counter[str]
) -> Compared:
    wanted = set(due)
    return Compared(
        tenant=group[0],
        kind=group[1],
        journal=len(due),
        stream=len(there),
        journal_sha256=_hash(wanted),
        stream_sha256=_hash(there),
        missing=tuple(name for name in due if name not in there),
        extra=tuple(sorted(there - wanted)),
        repeated=sum(held[name] - 1 for name in there),
    )


def repair(journal: EventLog, stream: Stream, found: Reconciled) -> Rebuilt:
    """Publish again what is missing; it comes at the end of the stream.

    What is extra stays: nobody knows what it was. A reader that needs the order sorts
    by the position that each message carries.

    Raises
    ------
    UnreachableError
        The broker does not answer; compare again, then repair what is still missing.
    """
    missing, published = set(found.missing), 0
    batch: list[tuple[Position, StoredEvent]] = []
    for one in _outbox(journal, found.upto):
        if _name(one[1]) in missing:
            batch.append(one)
        if len(batch) == BATCH:
            published += _again(stream, batch)
            batch = []
    return Rebuilt(published + _again(stream, batch), found.upto)


def rebuild_stream(
    journal: EventLog, stream: Stream, clock: Clock, *, owner: str
) -> Rebuilt:
    """Empty the stream and publish everything from the journal, in order.

    No relay runs meanwhile: this holds its cursor, and leaves it where the stream ends.

    Raises
    ------
    BusyError
        A relay is at work; stop it first.
    UnreachableError
        The broker does not answer: the stream is not whole. Call this again.
    """
    lease = journal.lease(CURSOR, owner, LEASE_NS)
    stream.clear()
    position, published = START, 0
    while found := journal.outbox(position, BATCH):
        if lease.until_ns - clock.now_ns() < LEASE_NS // 2:
            lease = renewed(journal, lease, LEASE_NS)
        published += _again(stream, found)
        position = found[-1][0]
        if position > lease.position:
            lease = journal.advance(lease, position)
    give_back(journal, owner)
    return Rebuilt(published, position)


def _again(stream: Stream, found: Iterable[tuple[Position, StoredEvent]]) -> int:
    """Publish without names: the broker may know them from before they were lost."""
    return stream.publish(messages(found), named=False).stored


def _outbox(
    journal: EventLog, upto: Position | None = None
) -> Iterator[tuple[Position, StoredEvent]]:
    after = START
    while found := journal.outbox(after, BATCH):
        after = found[-1][0]
        for one in found:
            if upto is not None and one[0] > upto:
                return
            if is_message(one[1]):
                yield one


def _name(event: StoredEvent) -> str:
    return message_id(event.principal.tenant, event.kind, event.event_id)


def _group(name: str) -> _Group:
    """Tenant and kind of a message; what is no id of ours stands by itself."""
    tenant, _, rest = name.partition("/")
    return tenant, rest.partition("/")[0]


def _hash(names: set[str]) -> str:
    return sha256("\n".join(sorted(names)).encode()).hexdigest()
