"""The protocol that every journal follows; its laws are in `stores.checks`."""

from collections.abc import Sequence
from typing import Protocol

from tradeloop.errors import TradeloopError
from tradeloop.events import AuditEntry, Principal
from tradeloop.stores.base import (
    Event,
    Gap,
    Lease,
    Ledger,
    Numbered,
    Position,
    Receipt,
    Rejected,
    StateChange,
    StoredEvent,
    StoredReject,
    Submission,
)


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

    def write(
        self, submissions: Sequence[Submission]
    ) -> list[list[Receipt] | TradeloopError]:
        """Store several submissions in one transaction: one sync to the disk for all.

        Each submission is there whole or not at all: one that cannot be stored gives
        its error in its place and leaves the others as if it had not been.
        """

    def outbox(self, after: Position, limit: int) -> list[tuple[Position, StoredEvent]]:
        """Return durable events of all tenants after a position, in outbox order.

        None is ever given while an earlier one may still be committed.
        """

    def lease(self, name: str, owner: str, for_ns: int) -> Lease:
        """Take or renew a cursor's lease; a cursor that is not there begins at `START`.

        Raises
        ------
        BusyError
            Another owner holds it, and its time is not over.
        """

    def advance(self, lease: Lease, position: Position) -> Lease:
        """Move the cursor forward; durable on return.

        Raises
        ------
        BusyError
            Another holder has taken the lease since: the fence is old.
        """

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
        self,
        principal: Principal,
        kind: str,
        after_seq: int = 0,
        limit: int | None = None,
    ) -> list[StoredEvent]:
        """Return the stored events of a kind after a position, in journal order.

        With a limit at most so many, the first ones: a long journal is read in chunks.
        """

    def last_seq(
        self, principal: Principal, kind: str, as_of_ns: int | None = None
    ) -> int:
        """Return the position of the last event of a kind; 0 without any.

        With a time only what was recorded by then counts.
        """

    def get(self, principal: Principal, kind: str, event_id: str) -> StoredEvent:
        """Return one event by its id."""

    def counts(self, principal: Principal) -> dict[str, int]:
        """Return the number of stored events by kind."""

    def rejects(self, principal: Principal) -> list[StoredReject]:
        """Return the quarantined rows, in journal order."""

    def reject_counts(self, principal: Principal) -> dict[str, int]:
        """Return the number of quarantined rows by kind."""

    def numbered(self, principal: Principal) -> list[Numbered]:
        """Return what came of each life of each source, gaps or not."""

    def gaps(self, principal: Principal) -> list[Gap]:
        """Return the sources of which numbers are missing, and which.

        A duplicate that comes under another number than the original uses that number
        up: it is no gap.
        """

    def ledger(self, principal: Principal) -> Ledger:
        """Count the decisions, at any time."""

    def audit_trail(self, principal: Principal) -> list[AuditEntry]:
        """Return the audit entries of the tenant, in order."""

    def verify(self) -> int:
        """Check the hash chains; return the number of events checked."""
