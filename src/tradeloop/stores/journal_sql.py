"""The journal's SQL."""

from typing import NamedTuple

from tradeloop.stores.canonical import GENESIS


class Chain(NamedTuple):
    """A chained table.

    The query gives the number of each row, its body and the body's hash, the text that
    is hashed into the chain, and the chain. SQLite writes that text itself, as
    `canonical.link` does: it is faster than to hand each column to Python.
    """

    name: str
    walk: str


_WHO = "seq, tenant, principal"
_TIMES = "event_ns, received_ns, recorded_ns"
_EVENT = f"{_WHO}, kind, source, event_id, epoch, n, {_TIMES}, body"
_EVENT_LINK = f"{_WHO}, kind, event_id, source, epoch, n, {_TIMES}, body_sha"
_PLACE = f"{_WHO}, kind, source, row, key"
_REJECT_LINK = f"{_PLACE}, epoch, n, reason, body_sha, recorded_ns"
_STATE_LINK = f"{_WHO}, decision_id, state, due_ns, reason, recorded_ns"
_HEADS = "recorded_ns, event_seq, event_chain, reject_seq, reject_chain"
_AUDIT_LINK = f"{_WHO}, at_ns, action, subject, detail, state_chain, {_HEADS}"
# The entries of schema 0001 knew no chain of states.
_AUDIT_TEXT = (
    f"iif(state_seq IS NULL, json_array({_AUDIT_LINK}), "
    f"json_array({_AUDIT_LINK}, state_seq))"
)


def _walk(table: str, text: str, body: str = "NULL, NULL") -> str:
    return f"SELECT seq, {body}, {text}, chain FROM {table} ORDER BY seq"  # noqa: S608 - our own names


_BODY = "body, body_sha"
CHAINS = (
    Chain("event", _walk("event", f"json_array({_EVENT_LINK})", _BODY)),
    Chain("reject", _walk("reject", f"json_array({_REJECT_LINK})", _BODY)),
    Chain("state of a decision", _walk("state_change", f"json_array({_STATE_LINK})")),
    Chain("audit entry", _walk("audit_entry", _AUDIT_TEXT)),
)


def _head(table: str) -> str:
    """Position and hash of the last entry of a table."""
    last = f"FROM {table} ORDER BY seq DESC LIMIT 1"
    return (
        f"coalesce((SELECT seq {last}), 0), "
        f"coalesce((SELECT chain {last}), '{GENESIS}')"
    )


HEADS = (
    f"SELECT {_head('event')}, {_head('reject')}, {_head('state_change')}, "
    f"{_head('audit_entry')}"
)
_LAST_AUDIT = "(SELECT chain FROM audit_entry ORDER BY seq DESC LIMIT 1)"
MARK = (
    f"SELECT coalesce((SELECT max(seq) FROM event), 0), "  # noqa: S608 - our own names
    f"coalesce({_LAST_AUDIT}, '{GENESIS}')"
)

# `json_each` takes a whole group of keys at once: each call into SQLite gives other
# threads of this process their turn, and may wait long to come back.
KNOWN = (
    "SELECT event_id, seq, event_ns, body_sha FROM event WHERE tenant = ? "
    "AND kind = ? AND event_id IN (SELECT value FROM json_each(?))"
)
BODY = "SELECT body FROM event WHERE seq = ?"
TAKEN = (
    "SELECT n, seq FROM event WHERE tenant = ? AND source = ? AND epoch = ? "
    "AND n IN (SELECT value FROM json_each(?))"
)
LAST_NUMBER = (
    "SELECT coalesce(max(n), 0) FROM event "
    "WHERE tenant = ? AND source = ? AND epoch = ?"
)
KNOWN_REJECTS = (
    "SELECT reject.tenant, reject.kind, reject.source, reject.row, reject.key, "
    "reject.body_sha, reject.seq FROM json_each(?) AS wanted CROSS JOIN reject "
    "ON reject.tenant = wanted.value ->> 0 AND reject.kind = wanted.value ->> 1 "
    "AND reject.source = wanted.value ->> 2 AND reject.row = wanted.value ->> 3 "
    "AND reject.key = wanted.value ->> 4 AND reject.body_sha = wanted.value ->> 5"
)
SPENT = (
    "SELECT 1 FROM number_spent WHERE tenant = ? AND source = ? AND epoch = ? AND n = ?"
)
CONSUMED = (
    "SELECT 1 FROM effect WHERE tenant = ? AND consumer = ? AND kind = ? "
    "AND event_id = ?"
)
STANDS = (
    "SELECT decision_id, state, due_ns, reason FROM state_change WHERE seq IN ("
    "SELECT max(seq) FROM state_change WHERE tenant = ? "
    "AND decision_id IN (SELECT value FROM json_each(?)) GROUP BY decision_id)"
)


class Insert(NamedTuple):
    """Rows for a table: the statement up to its values, and how many a row has."""

    into: str
    width: int


def _insert(table: str, columns: str) -> Insert:
    return Insert(f"INSERT INTO {table} ({columns})", columns.count(",") + 1)


EVENT_ROWS = _insert("event", f"{_EVENT_LINK}, body, chain")
REJECT_ROWS = _insert("reject", f"{_REJECT_LINK}, body, chain")
STATE_ROWS = _insert("state_change", f"{_STATE_LINK}, chain")
AUDIT_ROWS = _insert("audit_entry", f"{_AUDIT_LINK}, state_seq, chain")
SPENT_ROWS = _insert("number_spent", "tenant, source, epoch, n")
EFFECT_ROWS = _insert("effect", "tenant, consumer, kind, event_id, recorded_ns")
RECEIVE = (
    "INSERT INTO intake (tenant, kind, source, received) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (tenant, kind, source) "
    "DO UPDATE SET received = received + excluded.received"
)

CURSOR = (
    "SELECT position_transaction, position_seq, owner, fence, until_ns FROM cursor "
    "WHERE name = ?"
)
PUT_CURSOR = (
    "INSERT OR REPLACE INTO cursor (name, position_transaction, position_seq, owner, "
    "fence, until_ns) VALUES (?, ?, ?, ?, ?, ?)"
)

OUTBOX = f"SELECT {_EVENT} FROM event WHERE seq > ? ORDER BY seq LIMIT ?"  # noqa: S608 - our own names
EVENTS = (
    f"SELECT {_EVENT} FROM event "  # noqa: S608 - our own names
    "WHERE tenant = ? AND kind = ? AND seq > ? ORDER BY seq"
)
EVENTS_FIRST = f"{EVENTS} LIMIT ?"
LAST = "SELECT coalesce(max(seq), 0) FROM event WHERE tenant = ? AND kind = ?"
LAST_RECORDED = f"{LAST} AND recorded_ns <= ?"
EVENT = (
    f"SELECT {_EVENT} FROM event "  # noqa: S608 - our own names
    "WHERE tenant = ? AND kind = ? AND event_id = ?"
)
COUNTS = "SELECT kind, count(*) FROM event WHERE tenant = ? GROUP BY kind ORDER BY kind"
REJECT_COUNTS = COUNTS.replace("event", "reject")
REJECTS = (
    f"SELECT {_PLACE}, reason, body, epoch, n, recorded_ns FROM reject "  # noqa: S608 - our own names
    "WHERE tenant = ? ORDER BY seq"
)
STATES = (
    "SELECT decision_id, state, due_ns, reason FROM state_change WHERE seq IN ("
    "SELECT max(seq) FROM state_change WHERE tenant = ? GROUP BY decision_id) "
    "ORDER BY decision_id"
)
AUDIT_TRAIL = (
    "SELECT tenant, principal, at_ns, action, subject, detail FROM audit_entry "
    "WHERE tenant = ? ORDER BY seq"
)

LEDGER = """
WITH stands (state) AS (
    SELECT coalesce((
        SELECT state FROM state_change
        WHERE state_change.tenant = event.tenant
            AND state_change.decision_id = event.event_id
        ORDER BY seq DESC LIMIT 1
    ), 'pending')
    FROM event WHERE tenant = :tenant AND kind = 'decision'
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

_CAME = """
WITH came (source, epoch, n) AS (
    SELECT source, epoch, n FROM event WHERE tenant = :tenant
    UNION
    SELECT source, epoch, n FROM reject
    WHERE tenant = :tenant AND epoch IS NOT NULL AND n >= 1
    UNION
    SELECT source, epoch, n FROM number_spent WHERE tenant = :tenant AND n >= 1
)
"""
NUMBERED = f"""
{_CAME}
SELECT source, epoch, max(n), count(*) FROM came
GROUP BY source, epoch ORDER BY source, epoch
"""  # noqa: S608 - our own names
# Missing runs, at most a thousand of each life of a source.
MISSING = f"""
{_CAME},
steps (source, epoch, before, n) AS (
    SELECT source, epoch,
        lag(n, 1, 0) OVER (PARTITION BY source, epoch ORDER BY n), n
    FROM came
),
runs (source, epoch, first, last, place) AS (
    SELECT source, epoch, before + 1, n - 1,
        row_number() OVER (PARTITION BY source, epoch ORDER BY n)
    FROM steps WHERE n > before + 1
)
SELECT source, epoch, first, last FROM runs
WHERE place <= 1000 ORDER BY source, epoch, first
"""  # noqa: S608 - our own names

LOST_HEADS = """
SELECT audit_entry.seq FROM audit_entry
LEFT JOIN event ON event.seq = audit_entry.event_seq
LEFT JOIN reject ON reject.seq = audit_entry.reject_seq
LEFT JOIN state_change ON state_change.seq = audit_entry.state_seq
WHERE (audit_entry.event_seq > 0 AND event.chain IS NOT audit_entry.event_chain)
    OR (audit_entry.reject_seq > 0 AND reject.chain IS NOT audit_entry.reject_chain)
    OR (audit_entry.state_seq > 0 AND state_change.chain IS NOT audit_entry.state_chain)
ORDER BY audit_entry.seq LIMIT 1
"""
ANCHORED = "SELECT seq FROM audit_entry WHERE chain = ?"
UNCHAINED = f"SELECT {_STATE_LINK} FROM state_change ORDER BY seq"  # noqa: S608 - our own names
SET_CHAIN = "UPDATE state_change SET chain = ? WHERE seq = ?"
