"""What a journal is asked: events, quarantine, states, audit entries, the ledger."""

import json
from collections import defaultdict
from functools import lru_cache
from typing import Any

from tradeloop.errors import InputError, NotFoundError
from tradeloop.events import AuditEntry, Principal
from tradeloop.stores import journal_sql as sql
from tradeloop.stores.base import (
    Gap,
    Ledger,
    Mark,
    Numbered,
    Position,
    Rejected,
    StateChange,
    StoredEvent,
    StoredReject,
)
from tradeloop.stores.canonical import GENESIS
from tradeloop.stores.journal_verify import verify_chains
from tradeloop.stores.sqlite import Database


class JournalReading:
    """The questions that a journal on SQLite answers, each from one snapshot.

    Parameters
    ----------
    database : Database
        The open file.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def events(
        self,
        principal: Principal,
        kind: str,
        after_seq: int = 0,
        limit: int | None = None,
    ) -> list[StoredEvent]:
        """Return the tenant's events of a kind after a position, in journal order.

        Parameters
        ----------
        principal : Principal
            Whose they are.
        kind : str
            Such as ``decision``.
        after_seq : int
            Position of the last event that is not asked for.
        limit : int, optional
            At most so many, the first ones; None gives all.

        Raises
        ------
        InputError
            A limit below 1.
        """
        if limit is None:
            rows = self._read(sql.EVENTS, (principal.tenant, kind, after_seq))
        elif limit < 1:
            raise InputError(
                f"The limit must be at least 1, was {limit}.",
                way_out="Ask for one event or more, or give no limit.",
                source="limit",
            )
        else:
            given = (principal.tenant, kind, after_seq, limit)
            rows = self._read(sql.EVENTS_FIRST, given)
        return [_stored(row) for row in rows]

    def last_seq(
        self, principal: Principal, kind: str, as_of_ns: int | None = None
    ) -> int:
        """Return the position of the tenant's last event of a kind; 0 without any.

        Parameters
        ----------
        principal : Principal
            Whose they are.
        kind : str
            Such as ``decision``.
        as_of_ns : int, optional
            Only what was recorded by then counts, ns UTC.
        """
        given = (principal.tenant, kind)
        if as_of_ns is None:
            rows = self._read(sql.LAST, given)
        else:
            rows = self._read(sql.LAST_RECORDED, (*given, as_of_ns))
        return int(rows[0][0])

    def outbox(self, after: Position, limit: int) -> list[tuple[Position, StoredEvent]]:
        """Return durable events of all tenants after a position, in outbox order.

        A reader sees a commit after it was synced, and there is one writer: what is
        seen is durable, and nothing earlier can come after it.

        Raises
        ------
        InputError
            A position of another journal (its transaction is not 0), or a limit
            below 1.
        """
        if after[0] != 0 or limit < 1:
            raise InputError(
                f"No place in this outbox: after {after}, limit {limit}.",
                way_out="Begin at START, and ask for one event or more.",
            )
        rows = self._read(sql.OUTBOX, (after[1], limit))
        return [((0, row[0]), _stored(row)) for row in rows]

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

    def reject_counts(self, principal: Principal) -> dict[str, int]:
        """Return the number of quarantined rows by kind."""
        return dict(self._read(sql.REJECT_COUNTS, (principal.tenant,)))

    def rejects(self, principal: Principal) -> list[StoredReject]:
        """Return the tenant's quarantined rows, in journal order."""
        return [
            StoredReject(
                row[0],
                Principal(row[1], row[2]),
                row[3],
                row[4],
                Rejected(*row[5:11]),
                row[11],
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

    def numbered(self, principal: Principal) -> list[Numbered]:
        """Return what came of each life of each source, gaps or not."""
        rows = self._read(sql.NUMBERED, {"tenant": principal.tenant})
        return [Numbered(*row) for row in rows]

    def gaps(self, principal: Principal) -> list[Gap]:
        """Return the sources of which numbers are missing, and which.

        A duplicate that comes under another number than the original uses that number
        up: it is no gap.
        """
        tenant = {"tenant": principal.tenant}
        with self._database.reading() as connection:  # one snapshot for both
            found: list[Any] = connection.execute(sql.NUMBERED, tenant).fetchall()
            if all(highest == came for _, _, highest, came in found):
                return []
            missing: list[Any] = connection.execute(sql.MISSING, tenant).fetchall()
        runs: defaultdict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
        for source, epoch, first, last in missing:
            runs[source, epoch].append((first, last))
        return [
            Gap(source, epoch, highest, highest - came, tuple(runs[source, epoch]))
            for source, epoch, highest, came in found
            if highest > came
        ]

    def audit_trail(self, principal: Principal) -> list[AuditEntry]:
        """Return the tenant's audit entries, in order."""
        return [
            AuditEntry(Principal(row[0], row[1]), *row[2:])
            for row in self._read(sql.AUDIT_TRAIL, (principal.tenant,))
        ]

    def mark(self) -> Mark:
        """Return the position of the last event and the head of the audit chain."""
        return Mark(*self._read(sql.MARK, ())[0])

    def head(self) -> str:
        """Return the hash of the last audit entry: keep it elsewhere, as an anchor."""
        return self.mark().head

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


# Few principals write many events, and each checks its names when it is made.
_principal = lru_cache(maxsize=1_024)(Principal)


def _stored(row: Any) -> StoredEvent:
    who = _principal(row[1], row[2])
    return StoredEvent(row[0], who, *(*row[3:11], json.loads(row[11])))
