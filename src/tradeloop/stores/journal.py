"""The durable journal: events, quarantine, states of decisions, audit entries.

1. `append` writes all bodies in one canonical form before it opens a transaction, so
   that a bad body refuses the whole group and stores nothing.
2. In one transaction: look up each id. The same content answers ``duplicate``, another
   one ``conflict``: the original stays and the new content goes to quarantine.
3. Each stored event is chained to the one before it by its hash, and so is each
   quarantined row and each audit entry; the audit entry, the last write of each
   transaction, holds the heads of the other two chains.
4. The commit reaches the disk before `append` returns.
5. ``intake`` counts what came through the door; `ledger` compares it with what is
   stored, in one query.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from tradeloop.clock import Clock
from tradeloop.errors import InputError, NotFoundError
from tradeloop.events import AuditEntry, Principal
from tradeloop.stores import journal_sql as sql
from tradeloop.stores.base import (
    Event,
    Gap,
    Ledger,
    Receipt,
    Rejected,
    StateChange,
    StoredEvent,
    StoredReject,
)
from tradeloop.stores.canonical import GENESIS, canonical
from tradeloop.stores.journal_verify import verify_chains
from tradeloop.stores.journal_write import DECISION, JournalWrite, checked_body
from tradeloop.stores.sqlite import Database


def open_journal(path: Path, clock: Clock, *, read_only: bool = False) -> "Journal":
    """Open the journal at ``path``; use it in a ``with`` statement.

    Parameters
    ----------
    path : Path
        The SQLite file; a writer makes it, and its folder, where they are absent.
    clock : Clock
        Says when an event came to us (``recorded_ns``).
    read_only : bool
        Read beside a writer, without a lock.

    Raises
    ------
    BusyError
        Another process holds it for writing; the message names it.
    InputError
        No journal, or one that a newer Tradeloop wrote.
    """
    return Journal(Database(path, read_only=read_only), clock)


class Journal:
    """The journal on SQLite; follows `tradeloop.stores.base.EventLog`.

    Parameters
    ----------
    database : Database
        The open file; the journal closes it.
    clock : Clock
        Says when an event came to us.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and let the next writer in."""
        self._database.close()

    def append(
        self,
        principal: Principal,
        kind: str,
        source: str,
        events: Sequence[Event],
        audit: AuditEntry,
    ) -> list[Receipt]:
        """Store events of one kind and source in one transaction.

        Parameters
        ----------
        principal : Principal
            Whose they are.
        kind : str
            Such as ``decision``; ids are unique per tenant and kind.
        source : str
            Who sent them; numbers are per tenant, source and epoch.
        events : sequence of Event
            Stored in this order; may be empty.
        audit : AuditEntry
            Committed with them.

        Returns
        -------
        list of Receipt
            In the order of ``events``; durable. A conflicting event is in quarantine
            already: do not `reject` it again.

        Raises
        ------
        InputError
            A body is no canonical JSON, or an entry of another tenant. Nothing of the
            group is stored.
        """
        bodies = [checked_body(event, source, row) for row, event in enumerate(events)]
        with self._write(principal, audit) as write:
            receipts = [
                write.event(kind, source, event, body)
                for event, body in zip(events, bodies, strict=True)
            ]
            write.received(kind, source)
        return receipts

    def reject(
        self,
        principal: Principal,
        source: str,
        rows: Sequence[Rejected],
        audit: AuditEntry,
        *,
        kind: str = DECISION,
    ) -> int:
        """Put rows in quarantine; a row that is there already is not counted again.

        Parameters
        ----------
        principal : Principal
            Whose they are.
        source : str
            File or feed that they came from.
        rows : sequence of Rejected
            Rows with their reasons.
        audit : AuditEntry
            Committed with them.
        kind : str
            What they should have been; the ledger counts those of kind ``decision``.

        Returns
        -------
        int
            How many were not there before.
        """
        with self._write(principal, audit) as write:
            new = sum(write.reject(kind, source, row, None) for row in rows)
            write.received(kind, source)
        return new

    def settle(
        self, principal: Principal, states: Sequence[StateChange], audit: AuditEntry
    ) -> None:
        """Say where decisions stand; the last word counts.

        Raises
        ------
        NotFoundError
            A decision is not in the journal; no state of the group is stored.
        """
        with self._write(principal, audit) as write:
            for change in states:
                write.state(change)

    def events(
        self, principal: Principal, kind: str, after_seq: int = 0
    ) -> list[StoredEvent]:
        """Return the tenant's events of a kind after a position, in journal order."""
        rows = self._read(sql.EVENTS, (principal.tenant, kind, after_seq))
        return [_stored(row) for row in rows]

    def get(self, principal: Principal, kind: str, event_id: str) -> StoredEvent:
        """Return one event by its id.

        Raises
        ------
        NotFoundError
            The tenant has no such event.
        """
        rows = self._read(sql.EVENT, (principal.tenant, kind, event_id))
        if not rows:
            raise NotFoundError(f"No {kind} has the id {event_id!r}.")
        return _stored(rows[0])

    def counts(self, principal: Principal) -> dict[str, int]:
        """Return the number of stored events by kind."""
        return dict(self._read(sql.COUNTS, (principal.tenant,)))

    def rejects(self, principal: Principal) -> list[StoredReject]:
        """Return the tenant's quarantined rows, in journal order."""
        return [
            StoredReject(
                row[0],
                Principal(row[1], row[2]),
                row[3],
                row[4],
                Rejected(*row[5:9]),
                row[9],
            )
            for row in self._read(sql.REJECTS, (principal.tenant,))
        ]

    def states(self, principal: Principal) -> dict[str, StateChange]:
        """Return the state of each decision that has one, by decision id."""
        rows = self._read(sql.STATES, (principal.tenant,))
        return {row[0]: StateChange(*row) for row in rows}

    def ledger(self, principal: Principal) -> Ledger:
        """Count the tenant's decisions: one query, right at any time."""
        return Ledger(*self._read(sql.LEDGER, {"tenant": principal.tenant})[0])

    def gaps(self, principal: Principal) -> list[Gap]:
        """Return the sources of which numbers are missing."""
        rows = self._read(sql.GAPS, {"tenant": principal.tenant})
        return [Gap(*row) for row in rows]

    def audit_trail(self, principal: Principal) -> list[AuditEntry]:
        """Return the tenant's audit entries, in order."""
        return [
            AuditEntry(Principal(row[0], row[1]), *row[2:])
            for row in self._read(sql.AUDIT_TRAIL, (principal.tenant,))
        ]

    def head(self) -> str:
        """Return the hash of the last audit entry: keep it elsewhere, as an anchor."""
        return str(self._read(sql.LAST_AUDIT, ())[0][1])

    def verify(self, anchor: str = GENESIS) -> int:
        """Recompute all hashes.

        Parameters
        ----------
        anchor : str
            An earlier `head`. Without one a tail that was cut off together with its
            audit entries cannot be seen.

        Returns
        -------
        int
            Number of events checked.

        Raises
        ------
        DamagedError
            Something was changed, removed, moved or put in; names the first.
        """
        with self._database.reading() as connection:
            return verify_chains(connection, anchor)

    def _read(self, query: str, values: Any) -> list[Any]:
        with self._database.reading() as connection:
            return connection.execute(query, values).fetchall()

    @contextmanager
    def _write(
        self, principal: Principal, audit: AuditEntry
    ) -> Iterator["JournalWrite"]:
        if audit.principal.tenant != principal.tenant:
            raise InputError(
                f"The audit entry is of tenant {audit.principal.tenant!r}, the write "
                f"of {principal.tenant!r}.",
                way_out="Write the entry for the tenant whose data it is about.",
            )
        canonical([audit.action, audit.subject, audit.detail, audit.at_ns])
        with self._database.writing() as connection:
            write = JournalWrite(connection, principal, self._clock.now_ns())
            yield write
            write.audit(audit)


def _stored(row: Any) -> StoredEvent:
    who = Principal(row[1], row[2])
    return StoredEvent(row[0], who, *(*row[3:11], json.loads(row[11])))
