"""What the journal takes and gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tradeloop.events import AuditEntry, DecisionState, Principal

Status = Literal["stored", "duplicate", "conflict", "quarantined"]

Position = tuple[int, int]
"""Place in the outbox: (transaction, seq); events come in this order.

SQLite, which has one writer, gives 0 as the transaction.
"""
START: Position = (0, 0)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, as its source tells it.

    Parameters
    ----------
    event_id : str
        Unique per tenant and kind; the same id with the same content is the same event.
    event_ns : int
        When it happened, ns UTC.
    received_ns : int
        When it was known, ns UTC. A second delivery may know it later: the content is
        ``event_ns`` and ``body``.
    body : mapping
        What happened; JSON values without NaN or infinities.
    epoch : int
        Life of the source: it starts again at n = 1 in a new epoch.
    n : int, optional
        Number that the source gave the event, from 1; without it the journal counts.
    """

    event_id: str
    event_ns: int
    received_ns: int
    body: Mapping[str, Any]
    epoch: int = 0
    n: int | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an event; it is durable when the receipt is held.

    Parameters
    ----------
    event_id : str
        Id of the event.
    seq : int
        Position in the journal; of the original where the event was there before.
    status : {"stored", "duplicate", "conflict", "quarantined"}
        ``duplicate``: the same content was there. ``conflict``: another content was
        there; it was kept, and the new one went to quarantine. ``quarantined``: the
        entry was refused before it came here, and stands in quarantine; ``seq`` is
        its position there.
    """

    event_id: str
    seq: int
    status: Status


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that went to quarantine.

    Parameters
    ----------
    row : int
        Row of the source, from 0; -1 where there is none.
    key : str
        Id of the row, as far as it could be read.
    reason : str
        Rule that it broke.
    body : str
        The row as it was read, as text.
    epoch, n : int, optional
        Number that the source gave it: what is in quarantine is no gap. Stored with
        the row (columns epoch and n of the reject table).
    """

    row: int
    key: str
    reason: str
    body: str
    epoch: int | None = None
    n: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a submission: an event, or a row that was refused before.

    Parameters
    ----------
    kind : str
        Such as ``decision``.
    source : str
        Who sent it.
    content : Event or Rejected
        What to store, or what to put in quarantine.
    """

    kind: str
    source: str
    content: Event | Rejected


@dataclass(frozen=True, slots=True)
class Consumed:
    """An event of the submission's tenant that a consumer has dealt with.

    Parameters
    ----------
    consumer : str
        Name of the consumer, such as ``positions``.
    kind, event_id : str
        The event.
    """

    consumer: str
    kind: str
    event_id: str


@dataclass(frozen=True, slots=True)
class Submission:
    """Entries of any kinds and sources that one principal sends at once.

    Parameters
    ----------
    principal : Principal
        Whose they are.
    entries : tuple of Entry
        Stored in this order.
    audit : AuditEntry
        Committed with them.
    consumed : Consumed, optional
        The event whose effect on a consumer the entries are. The mark is committed
        with them, so that the effect is there once, however often the event comes:
        where the mark is there already nothing of the submission is written, not even
        its audit entry, and each entry is answered ``duplicate`` (with the position of
        what stands under its id, 0 where nothing does).
    """

    principal: Principal
    entries: tuple[Entry, ...]
    audit: AuditEntry
    consumed: Consumed | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to move a cursor, until somebody else takes it.

    Parameters
    ----------
    name : str
        Name of the cursor, such as ``relay``.
    owner : str
        Who holds it.
    fence : int
        Counts the holders: a write with an older fence is refused.
    position : Position
        What was done last; the next event to do is after it.
    until_ns : int
        When it may be taken by another, ns UTC of the journal's clock.
    """

    name: str
    owner: str
    fence: int
    position: Position
    until_ns: int


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a backup goes.

    Parameters
    ----------
    seq : int
        Position of its last event; 0 where it holds none.
    head : str
        Hash of its last audit entry: an anchor for `EventLog.verify`.
    """

    seq: int
    head: str


@dataclass(frozen=True, slots=True)
class StoredReject:
    """A quarantined row with its place in the journal."""

    seq: int
    principal: Principal
    kind: str
    source: str
    rejected: Rejected
    recorded_ns: int


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event with its place in the journal; ``recorded_ns`` is when it came to us."""

    seq: int
    principal: Principal
    kind: str
    source: str
    event_id: str
    epoch: int
    n: int
    event_ns: int
    received_ns: int
    recorded_ns: int
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class StateChange:
    """Where a decision stands.

    Parameters
    ----------
    decision_id : str
        A stored decision.
    state : DecisionState
        Its state from now on.
    due_ns : int, optional
        When its outcome will be known, ns UTC.
    reason : str
        Why, for people.
    """

    decision_id: str
    state: DecisionState
    due_ns: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Count of decisions: received, and where they stand.

    ``received`` is counted at the door, the states from what is stored, so that a lost
    or an invented row shows.
    """

    received: int
    labelled: int
    pending: int
    censored: int
    quarantined: int

    @property
    def balanced(self) -> bool:
        """Whether received = labelled + pending + censored + quarantined."""
        stands = self.labelled + self.pending + self.censored + self.quarantined
        return self.received == stands


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers of a source that never came.

    Parameters
    ----------
    source : str
        Name of the source.
    epoch : int
        Life of the source.
    expected : int
        Highest number seen: so many were sent at least.
    missing : int
        How many of them are not here, quarantined ones counted as here.
    ranges : tuple of (int, int)
        First and last number of each run that is missing, at most 1,000 runs.
    """

    source: str
    epoch: int
    expected: int
    missing: int
    ranges: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Numbered:
    """What came of one life of a source.

    Parameters
    ----------
    source : str
        Name of the source.
    epoch : int
        Life of the source.
    highest : int
        Highest number seen.
    came : int
        How many different numbers came: of stored events, of quarantined rows, and of
        duplicates that were sent again under another number.
    """

    source: str
    epoch: int
    highest: int
    came: int
