"""A journal of schema 0001, written as the first release wrote it."""

import json
import sqlite3
from hashlib import sha256
from pathlib import Path

from alembic import command

from tradeloop.stores import schema

GENESIS = "0" * 64
NOW_NS = 1_750_000_000_000_000_000


def sha(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def link(previous: str, fields: list[object]) -> str:
    return sha(previous + json.dumps(fields, separators=(",", ":"), ensure_ascii=False))


def text_of(body: dict) -> str:
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def insert(connection: sqlite3.Connection, table: str, row: list[object]) -> None:
    places = ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO {table} VALUES ({places})", row)  # noqa: S608


def first_schema() -> str:
    from io import StringIO  # noqa: PLC0415

    config, text = schema._config("journal"), StringIO()
    config.output_buffer = text
    command.upgrade(config, "base:0001", sql=True)
    return text.getvalue()


def write_older(path: Path, bodies: list[dict], states: dict[str, str]) -> None:
    """Decisions ``d0``, ``d1`` ... of acme's ann, then the states of some of them."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = wal")
    connection.executescript(first_schema())
    chain = GENESIS
    for k, body in enumerate(bodies):
        text, who = text_of(body), ["acme", "ann"]
        row = [k + 1, *who, "decision", f"d{k}", "feed", 0, k + 1, k, k, NOW_NS]
        chain = link(chain, [*row, sha(text)])
        insert(connection, "event", [*row, text, sha(text), chain])
    connection.execute(
        "INSERT INTO intake VALUES ('acme', 'decision', 'feed', ?)", [len(bodies)]
    )
    heads = [NOW_NS, len(bodies), chain, 0, GENESIS]
    first = [1, "acme", "ann", 5, "record", "feed", "{}", GENESIS, *heads]
    audit = link(GENESIS, first)
    insert(connection, "audit_entry", [*first, audit])
    content = GENESIS
    for name, state in states.items():
        row = ["acme", name, state, None, "known", NOW_NS]
        content = link(content, row)
        connection.execute(
            "INSERT INTO decision_state VALUES (?, ?, 'ann', ?, ?, ?, ?)", row
        )
    second = [2, "acme", "ann", 6, "settle", "feed", "{}", content, *heads]
    insert(connection, "audit_entry", [*second, link(audit, second)])
    connection.commit()
    connection.close()
