"""One write to the journal: look up, number, chain, count, audit."""

import json
from typing import Any

import apsw

from tradeloop.errors import InputError, NotFoundError
from tradeloop.events import AuditEntry, Principal
from tradeloop.stores import journal_sql as sql
from tradeloop.stores.base import Event, Receipt, Rejected, StateChange
from tradeloop.stores.canonical import GENESIS, canonical, digest, link

DECISION = "decision"


class JournalWrite:
    """One transaction of a principal; holds the heads of the chains while it runs.

    Parameters
    ----------
    connection : apsw.Connection
        Stands in an immediate transaction; whoever opened it commits it.
    principal : Principal
        Whose write it is.
    now_ns : int
        When it came to us, ns UTC.
    """

    def __init__(
        self, connection: apsw.Connection, principal: Principal, now_ns: int
    ) -> None:
        self._connection, self._who, self._now_ns = connection, principal, now_ns
        self._owner = (principal.tenant, principal.name)
        self._event = self._run(sql.EVENT_HEAD)[0]
        self._reject = self._run(sql.REJECT_HEAD)[0]
        self._numbers: dict[int, int] = {}
        self._received, self._content = 0, GENESIS

    def event(self, kind: str, source: str, event: Event, body: str) -> Receipt:
        """Store one event, or say that it is there."""
        tenant, body_sha = self._who.tenant, digest(body)
        known = self._run(sql.KNOWN, (tenant, kind, event.event_id))
        if known:
            seq, event_ns, there = known[0]
            if (event_ns, there) == (event.event_ns, body_sha):
                return Receipt(event.event_id, seq, "duplicate")
            return self._conflict(kind, source, event, body, seq)
        n = self._number(source, event)
        taken = self._run(sql.TAKEN, (tenant, source, event.epoch, n))
        if taken:
            return self._conflict(kind, source, event, body, taken[0][0])
        seq = self._event[0] + 1
        place = (*self._owner, kind, event.event_id, source, event.epoch, n)
        row = (seq, *place, event.event_ns, event.received_ns, self._now_ns)
        chain = link(self._event[1], (*row, body_sha))
        self._run(sql.INSERT_EVENT, (*row, body, body_sha, chain))
        self._event = (seq, chain)
        self._received += 1
        return Receipt(event.event_id, seq, "stored")

    def reject(
        self, kind: str, source: str, rejected: Rejected, event: Event | None
    ) -> bool:
        """Put a row in quarantine; whether it is new there."""
        body = _storable(rejected.body)
        body_sha, seq = digest(body), self._reject[0] + 1
        place = (kind, source, rejected.row, _storable(rejected.key))
        key = (self._who.tenant, *place, body_sha)
        if self._run(sql.KNOWN_REJECT, key):
            return False
        number = (event.epoch, event.n) if event else (None, None)
        row = (seq, *self._owner, *place, *number, _storable(rejected.reason))
        chain = link(self._reject[1], (*row, body_sha, self._now_ns))
        self._run(sql.INSERT_REJECT, (*row, body, body_sha, self._now_ns, chain))
        self._reject = (seq, chain)
        self._received += 1
        return True

    def state(self, change: StateChange) -> None:
        """Say where a decision stands."""
        key = (self._who.tenant, change.decision_id)
        if not self._run(sql.KNOWN, (key[0], DECISION, key[1])):
            raise NotFoundError(f"No decision has the id {change.decision_id!r}.")
        row = (str(change.state), change.due_ns, change.reason, self._now_ns)
        self._run(sql.UPSERT_STATE, (*key, self._who.name, *row))
        self._content = link(self._content, (*key, *row))

    def received(self, kind: str, source: str) -> None:
        """Count at the door what this transaction added."""
        if self._received:
            self._run(sql.RECEIVE, (self._who.tenant, kind, source, self._received))

    def audit(self, entry: AuditEntry) -> None:
        """Write the audit entry: the last thing before the commit."""
        seq, previous = self._run(sql.LAST_AUDIT)[0]
        who = (entry.principal.tenant, entry.principal.name, entry.at_ns)
        what = (entry.action, entry.subject, entry.detail, self._content)
        row = (seq + 1, *who, *what, self._now_ns, *self._event, *self._reject)
        self._run(sql.INSERT_AUDIT, (*row, link(previous, row)))

    def _run(self, query: str, values: tuple[Any, ...] = ()) -> list[Any]:
        return self._connection.execute(query, values).fetchall()

    def _number(self, source: str, event: Event) -> int:
        if event.epoch not in self._numbers:
            key = (self._who.tenant, source, event.epoch)
            self._numbers[event.epoch] = self._run(sql.LAST_NUMBER, key)[0][0]
        last = self._numbers[event.epoch]
        n = last + 1 if event.n is None else event.n
        self._numbers[event.epoch] = max(last, n)
        return n

    def _conflict(
        self, kind: str, source: str, event: Event, body: str, seq: int
    ) -> Receipt:
        times = {"event_ns": event.event_ns, "received_ns": event.received_ns}
        text = canonical({**times, "body": json.loads(body)})
        reason = f"conflict: entry {seq} has the same id or number and another content"
        self.reject(kind, source, Rejected(-1, event.event_id, reason, text), event)
        return Receipt(event.event_id, seq, "conflict")


def checked_body(event: Event, source: str, row: int) -> str:
    """Write the body of an event in canonical form, or refuse the event by its row."""
    if not event.event_id or (event.n is not None and event.n < 1):
        raise InputError(
            f"An event needs an id and a number from 1, was {event.event_id!r}, "
            f"{event.n}.",
            way_out="Give each event an id that its source will give it again.",
            source=source,
            row=row,
        )
    try:
        canonical([event.event_id, event.event_ns, event.received_ns, event.epoch])
        return canonical(event.body)
    except InputError as error:
        raise InputError(
            error.message, way_out=error.way_out, source=source, row=row
        ) from error


def _storable(text: str) -> str:
    """Keep what came as well as a text column can: no NUL, no lone surrogate."""
    return text.encode(errors="replace").decode().replace("\0", "\ufffd")
