"""The journal's SQL."""

from typing import NamedTuple

from tradeloop.stores.canonical import GENESIS


class Chain(NamedTuple):
    """A chained table: the query gives what is hashed, then body, its hash, chain."""

    name: str
    walk: str


_WHO = "seq, tenant, principal"
_TIMES = "event_ns, received_ns, recorded_ns"
_EVENT = f"{_WHO}, kind, source, event_id, epoch, n, {_TIMES}, body"
_PLACE = f"{_WHO}, kind, source, row, key"
_HEADS = "recorded_ns, event_seq, event_chain, reject_seq, reject_chain"
_AUDIT = f"{_WHO}, at_ns, action, subject, detail, content_sha, {_HEADS}"

CHAINS = (
    Chain(
        "event",
        f"SELECT {_WHO}, kind, event_id, source, epoch, n, {_TIMES}, body_sha, "  # noqa: S608 - our own names
        "body, body_sha, chain FROM event ORDER BY seq",
    ),
    Chain(
        "reject",
        f"SELECT {_PLACE}, epoch, n, reason, body_sha, recorded_ns, "  # noqa: S608 - our own names
        "body, body_sha, chain FROM reject ORDER BY seq",
    ),
    Chain(
        "audit entry",
        f"SELECT {_AUDIT}, NULL, NULL, chain FROM audit_entry ORDER BY seq",  # noqa: S608 - our own names
    ),
)


def _head(table: str) -> str:
    """Position and hash of the last entry of a table."""
    last = f"FROM {table} ORDER BY seq DESC LIMIT 1"
    return (
        f"SELECT coalesce((SELECT seq {last}), 0), "
        f"coalesce((SELECT chain {last}), '{GENESIS}')"
    )


EVENT_HEAD, REJECT_HEAD = _head("event"), _head("reject")
LAST_AUDIT = _head("audit_entry")

KNOWN = (
    "SELECT seq, event_ns, body_sha FROM event "
    "WHERE tenant = ? AND kind = ? AND event_id = ?"
)
TAKEN = "SELECT seq FROM event WHERE tenant = ? AND source = ? AND epoch = ? AND n = ?"
LAST_NUMBER = (
    "SELECT coalesce(max(n), 0) FROM event "
    "WHERE tenant = ? AND source = ? AND epoch = ?"
)
INSERT_EVENT = (
    f"INSERT INTO event ({_WHO}, kind, event_id, source, epoch, n, {_TIMES}, body, "  # noqa: S608 - our own names
    "body_sha, chain) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
KNOWN_REJECT = (
    "SELECT seq FROM reject WHERE tenant = ? AND kind = ? AND source = ? AND row = ? "
    "AND key = ? AND body_sha = ?"
)
INSERT_REJECT = (
    f"INSERT INTO reject ({_PLACE}, epoch, n, reason, body, body_sha, recorded_ns, "  # noqa: S608 - our own names
    "chain) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
UPSERT_STATE = (
    "INSERT INTO decision_state (tenant, decision_id, principal, state, due_ns, "
    "reason, recorded_ns) VALUES (?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (tenant, decision_id) DO UPDATE SET principal = excluded.principal, "
    "state = excluded.state, due_ns = excluded.due_ns, reason = excluded.reason, "
    "recorded_ns = excluded.recorded_ns"
)
RECEIVE = (
    "INSERT INTO intake (tenant, kind, source, received) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (tenant, kind, source) "
    "DO UPDATE SET received = received + excluded.received"
)
INSERT_AUDIT = (
    f"INSERT INTO audit_entry ({_AUDIT}, chain) "  # noqa: S608 - our own names
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)

EVENTS = (
    f"SELECT {_EVENT} FROM event "  # noqa: S608 - our own names
    "WHERE tenant = ? AND kind = ? AND seq > ? ORDER BY seq"
)
EVENT = (
    f"SELECT {_EVENT} FROM event "  # noqa: S608 - our own names
    "WHERE tenant = ? AND kind = ? AND event_id = ?"
)
COUNTS = "SELECT kind, count(*) FROM event WHERE tenant = ? GROUP BY kind ORDER BY kind"
REJECTS = (
    f"SELECT {_PLACE}, reason, body, recorded_ns FROM reject "  # noqa: S608 - our own names
    "WHERE tenant = ? ORDER BY seq"
)
STATES = (
    "SELECT decision_id, state, due_ns, reason FROM decision_state "
    "WHERE tenant = ? ORDER BY decision_id"
)
AUDIT_TRAIL = (
    "SELECT tenant, principal, at_ns, action, subject, detail FROM audit_entry "
    "WHERE tenant = ? ORDER BY seq"
)

LEDGER = """
WITH stands (state) AS (
    SELECT coalesce(decision_state.state, 'pending')
    FROM event LEFT JOIN decision_state
        ON decision_state.tenant = event.tenant
        AND decision_state.decision_id = event.event_id
    WHERE event.tenant = :tenant AND event.kind = 'decision'
    UNION ALL
    SELECT 'quarantined' FROM reject
    WHERE tenant = :tenant AND kind = 'decision'
)
SELECT
    (SELECT coalesce(sum(received), 0) FROM intake
     WHERE tenant = :tenant AND kind = 'decision'),
    count(*) FILTER (WHERE state = 'labelled'),
    count(*) FILTER (WHERE state = 'pending'),
    count(*) FILTER (WHERE state = 'censored'),
    count(*) FILTER (WHERE state = 'quarantined')
FROM stands
"""

GAPS = """
WITH came (source, epoch, n) AS (
    SELECT source, epoch, n FROM event WHERE tenant = :tenant
    UNION
    SELECT source, epoch, n FROM reject WHERE tenant = :tenant AND n IS NOT NULL
)
SELECT source, epoch, max(n), max(n) - count(*) FROM came
GROUP BY source, epoch HAVING max(n) > count(*) ORDER BY source, epoch
"""

LOST_HEADS = """
SELECT audit_entry.seq FROM audit_entry
LEFT JOIN event ON event.seq = audit_entry.event_seq
LEFT JOIN reject ON reject.seq = audit_entry.reject_seq
WHERE (audit_entry.event_seq > 0 AND event.chain IS NOT audit_entry.event_chain)
    OR (audit_entry.reject_seq > 0 AND reject.chain IS NOT audit_entry.reject_chain)
ORDER BY audit_entry.seq LIMIT 1
"""
ANCHORED = "SELECT seq FROM audit_entry WHERE chain = ?"
