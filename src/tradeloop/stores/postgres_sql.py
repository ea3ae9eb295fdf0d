"""The SQL of the journal on PostgreSQL: that of `journal_sql`, said in its dialect.

Rows go in by one array for each column, one statement for a whole group.
"""

# ruff: noqa: S608 - the queries are built of our own names

import re
from collections.abc import Sequence
from functools import lru_cache

from tradeloop.stores import journal_sql as sql
from tradeloop.stores.canonical import GENESIS

_WHOLE_NUMBERS = re.compile(r"seq|row|epoch|n|\w+_ns|\w+_seq")
_TEXTS = "SELECT json_array_elements_text(%s::json)"
_NUMBERS = "SELECT json_array_elements_text(%s::json)::bigint"
_CURSOR = ("position_transaction", "position_seq", "owner", "fence", "until_ns")
_HEADS = ", ".join(
    f"{chain}_seq, {chain}_chain" for chain in ("event", "reject", "state", "audit")
)

DIALECT = {
    sql.HEADS: f"SELECT {_HEADS} FROM chain_head WHERE tenant = %s FOR UPDATE",
    sql.KNOWN: (
        "SELECT event_id, seq, event_ns, body_sha FROM event WHERE tenant = %s "
        f"AND kind = %s AND event_id = ANY(ARRAY({_TEXTS}))"
    ),
    sql.TAKEN: (
        "SELECT n, seq FROM event WHERE tenant = %s AND source = %s AND epoch = %s "
        f"AND n = ANY(ARRAY({_NUMBERS}))"
    ),
    sql.KNOWN_REJECTS: (
        "SELECT reject.tenant, reject.kind, reject.source, reject.row, reject.key, "
        "reject.body_sha, reject.seq FROM json_array_elements(%s::json) AS wanted "
        "JOIN reject ON reject.tenant = wanted ->> 0 AND reject.kind = wanted ->> 1 "
        "AND reject.source = wanted ->> 2 "
        'AND reject."row" = (wanted ->> 3)::bigint '
        "AND reject.key = wanted ->> 4 AND reject.body_sha = wanted ->> 5"
    ),
    sql.STANDS: (
        "SELECT DISTINCT ON (decision_id) decision_id, state, due_ns, reason "
        "FROM state_change WHERE tenant = %s "
        f"AND decision_id = ANY(ARRAY({_TEXTS})) ORDER BY decision_id, seq DESC"
    ),
    sql.LEDGER: sql.LEDGER.replace("sum(received), 0)", "sum(received), 0)::bigint"),
    sql.LOST_HEADS: sql.LOST_HEADS.replace("IS NOT", "IS DISTINCT FROM"),
    # A tenant's anchor is the end of its audit chain: all of them, by tenant.
    sql.MARK: (
        "SELECT (SELECT coalesce(max(seq), 0) FROM event), coalesce("
        "(SELECT json_object_agg(tenant, audit_chain ORDER BY tenant)::text "
        f"FROM chain_head), '{GENESIS}')"
    ),
    sql.CURSOR: f"{sql.CURSOR} FOR UPDATE",
    sql.PUT_CURSOR: (
        sql.PUT_CURSOR.replace("INSERT OR REPLACE", "INSERT")
        + " ON CONFLICT (name) DO UPDATE SET "
        + ", ".join(f"{name} = excluded.{name}" for name in _CURSOR)
    ),
    sql.RECEIVE: (
        "INSERT INTO intake (tenant, kind, source, received) VALUES (%s, %s, %s, %s) "
        "ON CONFLICT (tenant, kind, source) "
        "DO UPDATE SET received = intake.received + excluded.received"
    ),
}
"""Queries of `journal_sql` that SQLite says in its own way; same values, same rows."""

# A cursor that nobody holds yet: there is a row to lock before the first holder is.
ADD_CURSOR = (
    f"INSERT INTO cursor (name, {', '.join(_CURSOR)}) VALUES (%s, 0, 0, '', 0, 0) "
    "ON CONFLICT DO NOTHING"
)
ADD_HEADS = (
    "INSERT INTO chain_head (tenant) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING"
)
MOVE_HEADS = f"UPDATE chain_head SET ({_HEADS}) = ROW({'%s, ' * 7}%s) WHERE tenant = %s"
NEXT = "SELECT nextval(%s) FROM generate_series(1, %s)"
_XACT = "SELECT base + pg_current_xact_id()::text::bigint FROM outbox_life"

# A transaction that is still open has a number from xmin on: what it will commit is
# not there yet, so nothing from there on is given.
OUTBOX = (
    "SELECT xact, seq, tenant, principal, kind, source, event_id, epoch, n, event_ns, "
    "received_ns, recorded_ns, body FROM event WHERE (xact, seq) > (%s, %s) AND xact < "
    "(SELECT base + pg_snapshot_xmin(pg_current_snapshot())::text::bigint "
    "FROM outbox_life) ORDER BY xact, seq LIMIT %s"
)
ENDS = f"SELECT tenant, {_HEADS} FROM chain_head"
ANCHORED = "SELECT seq FROM audit_entry WHERE tenant = %s AND chain = %s"
SAME_LIFE = (
    "SELECT system = (SELECT system_identifier FROM pg_control_system()) "
    "FROM outbox_life FOR UPDATE"
)
NEW_LIFE = (
    "UPDATE outbox_life SET base = coalesce((SELECT max(xact) FROM event), 0), "
    "system = (SELECT system_identifier FROM pg_control_system())"
)


def columns(insert: sql.Insert) -> list[str]:
    """Names of the columns that an insert fills."""
    return insert.into.partition("(")[2].rstrip(")").split(", ")


def table(insert: sql.Insert) -> str:
    """Name of the table that an insert fills."""
    return insert.into.split()[2]


@lru_cache
def insert_arrays(insert: sql.Insert) -> str:
    """Write the insert of rows that come as one array for each column."""
    names = columns(insert)
    kinds = ("bigint" if _WHOLE_NUMBERS.fullmatch(name) else "text" for name in names)
    given = f"unnest({', '.join(f'%s::{kind}[]' for kind in kinds)}) AS given"
    into, what = ", ".join(f'"{name}"' for name in names), "given.*"
    if insert == sql.EVENT_ROWS:
        into, what = f"{into}, xact", f"{what}, ({_XACT})"
    return (
        f"INSERT INTO {table(insert)} ({into}) SELECT {what} FROM {given} "
        "ON CONFLICT DO NOTHING"
    )


def array_text(column: Sequence[str | int | None]) -> str:
    """Write a column as PostgreSQL reads an array; much faster than the driver does."""
    return "{" + ",".join(map(_item, column)) + "}"


def _item(value: str | int | None) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def walk(insert: sql.Insert) -> str:
    """Write the query of a chained table, tenant by tenant: what is linked, chain."""
    names = ", ".join(f'"{name}"' for name in columns(insert))
    return f"SELECT {names} FROM {table(insert)} ORDER BY tenant, seq"


@lru_cache
def translated(query: str) -> str:
    """Write a query of `journal_sql` for the driver of PostgreSQL."""
    own = DIALECT.get(query, query)
    return re.sub(r"(?<!:):(\w+)", r"%(\1)s", own.replace("?", "%s"))
