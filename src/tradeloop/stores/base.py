"""What the journal takes and gives, and the protocol that every journal follows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from tradeloop.events import AuditEntry, DecisionState, Principal

Status = Literal["stored", "duplicate", "conflict"]


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
    status : {"stored", "duplicate", "conflict"}
        ``duplicate``: the same content was there. ``conflict``: another content was
        there; it was kept, and the new one went to quarantine.
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
    """

    row: int
    key: str
    reason: str
    body: str


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
    """

    source: str
    epoch: int
    expected: int
    missing: int


class EventLog(Protocol):
    """A durable journal of events; its laws are in `tradeloop.stores.checks`."""

    def append(
        self,
        principal: Principal,
        kind: str,
        source: str,
        events: Sequence[Event],
        audit: AuditEntry,
    ) -> list[Receipt]:
        """Store the events in one transaction; they are durable on return."""

    def reject(
        self,
        principal: Principal,
        source: str,
        rows: Sequence[Rejected],
        audit: AuditEntry,
        *,
        kind: str = "decision",
    ) -> int:
        """Put rows in quarantine; return how many were not there before."""

    def settle(
        self, principal: Principal, states: Sequence[StateChange], audit: AuditEntry
    ) -> None:
        """Say where decisions stand."""

    def events(
        self, principal: Principal, kind: str, after_seq: int = 0
    ) -> list[StoredEvent]:
        """Return the stored events of a kind after a position, in journal order."""

    def get(self, principal: Principal, kind: str, event_id: str) -> StoredEvent:
        """Return one event by its id."""

    def counts(self, principal: Principal) -> dict[str, int]:
        """Return the number of stored events by kind."""

    def rejects(self, principal: Principal) -> list[StoredReject]:
        """Return the quarantined rows, in journal order."""

    def ledger(self, principal: Principal) -> Ledger:
        """Count the decisions, at any time."""

    def audit_trail(self, principal: Principal) -> list[AuditEntry]:
        """Return the audit entries of the tenant, in order."""

    def verify(self) -> int:
        """Check the hash chains; return the number of events checked."""
