"""One write to the journal: look up, number, chain, count, audit.

1. Look up in a few queries what of the submissions is there already.
2. Decide in memory, entry by entry, what becomes of each, and chain the new ones.
3. Insert all new rows of a table by a few statements of many rows.

Each call into SQLite gives other threads of the process their turn and may wait long
to come back, so that the number of calls, not of rows, is what a busy server feels.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import apsw

from tradeloop.errors import NotFoundError
from tradeloop.events import AuditEntry, Principal
from tradeloop.stores import journal_sql as sql
from tradeloop.stores.base import Entry, Event, Receipt, Rejected, StateChange
from tradeloop.stores.canonical import array, canonical, digest, link, spoken
from tradeloop.stores.journal_prepare import Prepared

DECISION = "decision"
_MOST_ROWS = 256  # of one statement

RejectKey = tuple[str, str, str, int, str, str]


class JournalWrite:
    """One transaction; holds the heads of the chains while it runs.

    Parameters
    ----------
    connection : apsw.Connection
        Stands in an immediate transaction; whoever opened it commits it.
    now_ns : int
        When it came to us, ns UTC.
    """

    def __init__(self, connection: apsw.Connection, now_ns: int) -> None:
        self._connection, self._now_ns = connection, now_ns
        heads = self._run(sql.HEADS)[0]
        self._event, self._reject = heads[0:2], heads[2:4]
        self._state, self._audit = heads[4:6], heads[6:8]
        self._known: dict[tuple[str, str], dict[str, tuple[int, int, str]]] = {}
        self._last: dict[tuple[str, str, int], int] = {}
        self._taken: dict[tuple[str, str, int], dict[int, int]] = {}
        self._apart: dict[RejectKey, int | None] = {}
        self._marks: set[tuple[str, ...]] = set()
        self._spent: set[tuple[str, str, int, int]] = set()
        self._intake: Counter[tuple[str, str, str]] = Counter()
        self._rows: defaultdict[sql.Insert, list[Any]] = defaultdict(list)
        self.quarantined = 0
        """Rows that this transaction has put in quarantine."""

    def store(self, given: Sequence[Prepared]) -> list[list[Receipt]]:
        """Store submissions, each with its audit entry."""
        self._look_up(given)
        receipts = [self._submission(submission) for submission in given]
        self._flush()
        return receipts

    def settle(
        self, who: Principal, states: Sequence[StateChange], audit: AuditEntry
    ) -> None:
        """Say where decisions stand; what stands so already is not written again."""
        ids = array([change.decision_id for change in states])
        found = self._run(sql.KNOWN, (who.tenant, DECISION, ids))
        known = {row[0] for row in found}
        last = self._run(sql.STANDS, (who.tenant, ids))
        stands = {row[0]: StateChange(*row) for row in last}
        for change in states:
            if change.decision_id not in known:
                raise NotFoundError(f"No decision has the id {change.decision_id!r}.")
            if stands.get(change.decision_id) != change:
                self._put_state(who, change)
            stands[change.decision_id] = change
        self._put_audit(audit)
        self._flush()

    def _submission(self, given: Prepared) -> list[Receipt]:
        who = given.principal
        if self._is_consumed(given):
            return [self._standing(who, entry) for entry in given.entries]
        receipts = []
        for k, entry in enumerate(given.entries):
            text, sha = given.texts[k], given.hashes[k]
            if isinstance(entry.content, Event):
                coming = _Coming(entry.kind, entry.source, entry.content, text, sha)
                receipts.append(self._put_event(who, coming, given.labels[k]))
            else:
                seq = self._put_aside(who, entry.kind, entry.source, entry.content, sha)
                receipts.append(Receipt(entry.content.key, seq, "quarantined"))
        self._put_audit(given.audit)
        return receipts

    def _put_event(self, who: Principal, coming: "_Coming", label: str) -> Receipt:
        kind, source, event, text, sha = coming
        tenant, now_ns = who.tenant, self._now_ns
        there = self._known[tenant, kind]
        known = there.get(event.event_id)
        if known is not None:
            return self._again(who, coming, known)
        place = (tenant, source, event.epoch)
        last, taken = self._last[place], self._taken[place]
        n = last + 1 if event.n is None else event.n
        if n in taken:
            return self._conflict(who, coming, taken[n])
        seq = self._next(sql.EVENT_ROWS, self._event[0])
        times = f"{event.event_ns},{event.received_ns},{now_ns}"
        chain = digest(f'{self._event[1]}[{seq},{label},{n},{times},"{sha}"]')
        self._event = (seq, chain)
        there[event.event_id] = (seq, event.event_ns, sha)
        self._last[place], taken[n] = max(last, n), seq
        self._intake[tenant, kind, source] += 1
        self._rows[sql.EVENT_ROWS] += (
            *(seq, tenant, who.name, kind, event.event_id, source, event.epoch, n),
            *(event.event_ns, event.received_ns, now_ns, sha, text, chain),
        )
        return Receipt(event.event_id, seq, "stored")

    def _again(
        self, who: Principal, coming: "_Coming", known: tuple[int, int, str]
    ) -> Receipt:
        seq, event_ns, sha = known
        event = coming.event
        same = sha == coming.sha or self._says_the_same(seq, coming.sha)
        if event_ns == event.event_ns and same:
            self._spend(who, coming.source, event.epoch, event.n)
            return Receipt(event.event_id, seq, "duplicate")
        return self._conflict(who, coming, seq)

    def _says_the_same(self, seq: int, sha: str) -> bool:
        """Whether a body stored with its nulls, as they once were, says the same."""
        stored = self._run(sql.BODY, (seq,))
        if not stored or "null" not in stored[0][0]:
            return False
        return digest(canonical(spoken(json.loads(stored[0][0])))) == sha

    def _conflict(self, who: Principal, coming: "_Coming", seq: int) -> Receipt:
        event = coming.event
        times = f'"event_ns":{event.event_ns},"received_ns":{event.received_ns}'
        text = f'{{"body":{coming.text},{times}}}'
        reason = f"conflict: entry {seq} has the same id or number and another content"
        rejected = Rejected(-1, event.event_id, reason, text, event.epoch, event.n)
        self._put_aside(who, coming.kind, coming.source, rejected, digest(text))
        return Receipt(event.event_id, seq, "conflict")

    def _put_aside(
        self, who: Principal, kind: str, source: str, row: Rejected, sha: str
    ) -> int:
        """Put a row in quarantine; its position there."""
        key = (who.tenant, kind, source, row.row, row.key, sha)
        if key not in self._apart:
            self._look_up_rejects([key])
        there = self._apart[key]
        if there is not None:
            self._spend(who, source, row.epoch, row.n)
            return there
        seq = self._next(sql.REJECT_ROWS, self._reject[0])
        place = (seq, who.tenant, who.name, kind, source, row.row, row.key)
        linked = (*place, row.epoch, row.n, row.reason, sha, self._now_ns)
        chain = link(self._reject[1], linked)
        self._rows[sql.REJECT_ROWS] += (*linked, row.body, chain)
        self._reject, self._apart[key] = (seq, chain), seq
        self._intake[who.tenant, kind, source] += 1
        self.quarantined += 1
        return seq

    def _spend(
        self, who: Principal, source: str, epoch: int | None, n: int | None
    ) -> None:
        """Note the number of what came again, unless it is the number of the first."""
        if epoch is None or n is None:
            return
        place = (who.tenant, source, epoch)
        if n in self._taken.get(place, ()) or (*place, n) in self._spent:
            return
        self._spent.add((*place, n))
        if not self._run(sql.SPENT, (*place, n)):
            self._rows[sql.SPENT_ROWS] += (*place, n)

    def _put_state(self, who: Principal, change: StateChange) -> None:
        seq = self._next(sql.STATE_ROWS, self._state[0])
        said = (change.decision_id, str(change.state), change.due_ns, change.reason)
        linked = (seq, who.tenant, who.name, *said, self._now_ns)
        chain = link(self._state[1], linked)
        self._rows[sql.STATE_ROWS] += (*linked, chain)
        self._state = (seq, chain)

    def _put_audit(self, entry: AuditEntry) -> None:
        """Write the audit entry, which holds the heads of the other chains."""
        seq, who = self._next(sql.AUDIT_ROWS, self._audit[0]), entry.principal
        what = (entry.at_ns, entry.action, entry.subject, entry.detail, self._state[1])
        heads = (self._now_ns, *self._event, *self._reject, self._state[0])
        linked = (seq, who.tenant, who.name, *what, *heads)
        chain = link(self._audit[1], linked)
        self._rows[sql.AUDIT_ROWS] += (*linked, chain)
        self._audit = (seq, chain)

    def _is_consumed(self, given: Prepared) -> bool:
        """Whether the event was consumed before; from now on it is."""
        if given.consumed is None:
            return False
        mark = given.consumed
        key = (given.principal.tenant, mark.consumer, mark.kind, mark.event_id)
        if key in self._marks or self._run(sql.CONSUMED, key):
            return True
        self._marks.add(key)
        self._rows[sql.EFFECT_ROWS] += (*key, self._now_ns)
        return False

    def _standing(self, who: Principal, entry: Entry) -> Receipt:
        """Answer an entry whose effect is there already."""
        if isinstance(entry.content, Rejected):
            return Receipt(entry.content.key, 0, "duplicate")
        known = self._known[who.tenant, entry.kind].get(entry.content.event_id)
        return Receipt(entry.content.event_id, known[0] if known else 0, "duplicate")

    def _look_up(self, given: Sequence[Prepared]) -> None:
        ids: dict[tuple[str, str], list[str]] = defaultdict(list)
        numbers: dict[tuple[str, str, int], list[int]] = defaultdict(list)
        rejects: list[RejectKey] = []
        for one in given:
            tenant = one.principal.tenant
            for kind, wanted in one.ids.items():
                ids[tenant, kind] += wanted
            for (source, epoch), brought in one.numbers.items():
                numbers[tenant, source, epoch] += brought
            rejects += _reject_keys(one)
        for key, wanted in ids.items():
            found = self._run(sql.KNOWN, (*key, array(wanted)))
            self._known[key] = {row[0]: row[1:] for row in found}
        for place, brought in numbers.items():
            last = self._last[place] = self._run(sql.LAST_NUMBER, place)[0][0]
            early = [n for n in brought if n <= last]
            found = self._run(sql.TAKEN, (*place, array(early))) if early else []
            self._taken[place] = dict(found)
        if rejects:
            self._look_up_rejects(rejects)

    def _look_up_rejects(self, keys: list[RejectKey]) -> None:
        self._apart |= dict.fromkeys(keys)
        for row in self._run(sql.KNOWN_REJECTS, (array(keys),)):
            self._apart[row[:6]] = row[6]

    def _flush(self) -> None:
        for insert, values in self._rows.items():
            at, left = 0, len(values) // insert.width
            while left:  # a power of two each time: few statements to keep prepared
                rows = min(_MOST_ROWS, 1 << left.bit_length() - 1)
                until = at + rows * insert.width
                self._run(_statement(insert, rows), values[at:until])
                at, left = until, left - rows
        for key, count in self._intake.items():
            self._run(sql.RECEIVE, (*key, count))

    def _next(self, table: sql.Insert, last: int) -> int:  # noqa: ARG002 - PostgreSQL's
        """Position of the next row; the only writer counts on from the last one."""
        return last + 1

    def _run(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        return self._connection.execute(query, values).fetchall()


class _Coming(NamedTuple):
    """An event on its way in, with its canonical body and the hash of it."""

    kind: str
    source: str
    event: Event
    text: str
    sha: str


def _reject_keys(given: Prepared) -> list[RejectKey]:
    tenant = given.principal.tenant
    return [
        (tenant, entry.kind, entry.source, entry.content.row, entry.content.key, sha)
        for entry, sha in zip(given.entries, given.hashes, strict=True)
        if isinstance(entry.content, Rejected)
    ]


@lru_cache
def _statement(insert: sql.Insert, rows: int) -> str:
    row = f"({', '.join('?' * insert.width)})"
    return f"{insert.into} VALUES {', '.join([row] * rows)}"
