"""The durable journal: events, quarantine, states of decisions, audit entries.

1. `prepare` writes all bodies in one canonical form before a transaction is opened, so
   that a bad body refuses its whole submission and stores nothing.
2. In one transaction: look up each id. The same content answers ``duplicate``, another
   one ``conflict``: the original stays and the new content goes to quarantine.
3. Each stored event is chained to the one before it by its hash, and so is each
   quarantined row, each change of a decision's state and each audit entry; an audit
   entry, the last row of each submission, holds the heads of the other chains.
4. The commit reaches the disk before a write returns.
5. ``intake`` counts what came through the door; `ledger` compares it with what is
   stored, in one query.
6. The event table is the outbox; a consumer's mark is committed with its effect.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from tradeloop.clock import Clock
from tradeloop.errors import BusyError, FullError, TradeloopError
from tradeloop.events import AuditEntry, Principal
from tradeloop.stores import journal_cursor
from tradeloop.stores.base import (
    Entry,
    Event,
    Lease,
    Mark,
    Position,
    Receipt,
    Rejected,
    StateChange,
    Submission,
)
from tradeloop.stores.canonical import canonical
from tradeloop.stores.journal_backup import copy_journal
from tradeloop.stores.journal_prepare import Prepared, prepare
from tradeloop.stores.journal_read import JournalReading
from tradeloop.stores.journal_write import DECISION, JournalWrite
from tradeloop.stores.sqlite import Database
from tradeloop.stores.sqlite_errors import end_process


def open_journal(
    path: Path,
    clock: Clock,
    *,
    read_only: bool = False,
    on_disk_failure: Callable[[str], object] = end_process,
) -> "Journal":
    """Open the journal at ``path``; use it in a ``with`` statement.

    Parameters
    ----------
    path : Path
        The SQLite file; a writer makes it, and its folder, where they are absent.
    clock : Clock
        Says when an event came to us (``recorded_ns``).
    read_only : bool
        Read beside a writer, without a lock.
    on_disk_failure : callable
        Told why, when a write or a sync failed for another reason than a full disk. By
        default the process ends with exit code 70: what the disk holds is not known.

    Raises
    ------
    BusyError
        Another process holds it for writing; the message names it.
    InputError
        No journal, or one that a newer Tradeloop wrote.
    """
    database = Database(path, read_only=read_only, on_disk_failure=on_disk_failure)
    return Journal(database, clock)


class Journal(JournalReading):
    """The journal on SQLite; follows `tradeloop.stores.base.EventLog`.

    Safe to use from several threads: writes take turns, reads run beside them.

    Parameters
    ----------
    database : Database
        The open file; the journal closes it.
    clock : Clock
        Says when an event came to us.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__(database)
        self._clock = clock

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
        entries = tuple(Entry(kind, source, event) for event in events)
        prepared = prepare(Submission(principal, entries, audit))
        with self._write() as write:
            return write.store([prepared])[0]

    def write(
        self, submissions: Sequence[Submission]
    ) -> list[list[Receipt] | TradeloopError]:
        """Store several submissions in one transaction: one sync to the disk for all.

        Parameters
        ----------
        submissions : sequence of Submission
            Stored in this order; of any tenants. `prepare` them first where another
            thread has the time.

        Returns
        -------
        list of (list of Receipt or TradeloopError)
            For each submission what became of its entries, or why none of it was
            stored. Durable.

        Raises
        ------
        FullError
            No space is left; nothing was stored.
        """
        prepared = [_prepared(submission) for submission in submissions]
        stored = iter(self._store([p for p in prepared if isinstance(p, Prepared)]))
        return [next(stored) if isinstance(p, Prepared) else p for p in prepared]

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
        entries = tuple(Entry(kind, source, row) for row in rows)
        prepared = prepare(Submission(principal, entries, audit))
        with self._write() as write:
            write.store([prepared])
            return write.quarantined

    def settle(
        self, principal: Principal, states: Sequence[StateChange], audit: AuditEntry
    ) -> None:
        """Say where decisions stand; the last word counts.

        Raises
        ------
        NotFoundError
            A decision is not in the journal; no state of the group is stored.
        """
        prepare(Submission(principal, (), audit))
        canonical([[s.decision_id, str(s.state), s.due_ns, s.reason] for s in states])
        with self._write() as write:
            write.settle(principal, states, audit)

    def lease(self, name: str, owner: str, for_ns: int) -> Lease:
        """Take or renew a cursor's lease; a cursor that is not there begins at `START`.

        Parameters
        ----------
        name : str
            Name of the cursor.
        owner : str
            Who takes it: a name that no other process uses at the same time.
        for_ns : int
            How long nobody else may take it, ns; after 0 the next who asks gets it.

        Raises
        ------
        BusyError
            Another owner holds it, and its time is not over.
        """
        with self._database.writing() as connection:
            now_ns = self._clock.now_ns()
            return journal_cursor.lease(connection, name, owner, now_ns, for_ns)

    def advance(self, lease: Lease, position: Position) -> Lease:
        """Move the cursor forward; durable on return.

        Raises
        ------
        BusyError
            Another holder has taken the lease since: the fence is old.
        InputError
            The position is before the cursor.
        """
        with self._database.writing() as connection:
            return journal_cursor.advance(connection, lease, position)

    def backup(self, path: Path) -> Mark:
        """Copy the journal to ``path`` while it is being written; durable on return.

        Returns
        -------
        Mark
            How far the copy goes: all that was acknowledged before is in it.

        Raises
        ------
        InputError
            There is a file already.
        FullError
            No space is left where the copy should lie.
        """
        with self._database.reading() as connection:
            return copy_journal(connection, path)

    @contextmanager
    def _write(self) -> Iterator[JournalWrite]:
        with self._database.writing() as connection:
            yield JournalWrite(connection, self._clock.now_ns())

    def _store(
        self, prepared: list[Prepared]
    ) -> Sequence[list[Receipt] | TradeloopError]:
        if not prepared:
            return []
        try:
            with self._write() as write:
                return write.store(prepared)
        except (BusyError, FullError):
            raise
        except TradeloopError as error:
            if len(prepared) == 1:
                return [error]
            # One of them is more than SQLite takes: each by itself, then.
            return [self._store([one])[0] for one in prepared]


def _prepared(submission: Submission) -> Prepared | TradeloopError:
    try:
        return prepare(submission)
    except TradeloopError as error:
        return error
