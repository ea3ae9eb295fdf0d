"""Cursors of the outbox: who may move them, and how far they have come."""

from typing import Any

import apsw

from tradeloop.errors import BusyError, InputError
from tradeloop.stores import journal_sql as sql
from tradeloop.stores.base import START, Lease, Position


def lease(
    connection: apsw.Connection, name: str, owner: str, now_ns: int, for_ns: int
) -> Lease:
    """Take or renew the lease of a cursor; `Journal.lease` has the rules.

    The fence moves on with each new holder, and when a holder comes back after its time
    was over: somebody else may have acted in between.
    """
    if not name or not owner or for_ns < 0:
        raise InputError(
            f"A lease needs a name, an owner and a time, was {name!r}, {owner!r}, "
            f"{for_ns} ns.",
            way_out="Give all three.",
        )
    held = _held(connection, name)
    fence, position = (held.fence, held.position) if held else (0, START)
    in_time = held is not None and now_ns < held.until_ns
    if held is not None and in_time and held.owner != owner:
        raise BusyError(
            f"Cursor {name!r} is held by {held.owner!r} for another "
            f"{(held.until_ns - now_ns) / 1e9:.1f} s."
        )
    kept = fence if in_time else fence + 1
    return _put(connection, Lease(name, owner, kept, position, now_ns + for_ns))


def advance(connection: apsw.Connection, held: Lease, position: Position) -> Lease:
    """Move a cursor forward under its lease; `Journal.advance` has the rules."""
    now = _held(connection, held.name)
    if now is None or now.fence != held.fence:
        taken = f"was taken by {now.owner!r}" if now else "is not there"
        raise BusyError(
            f"Cursor {held.name!r} {taken}; {held.owner!r} no longer holds it."
        )
    if position < now.position:
        raise InputError(
            f"Cursor {held.name!r} stands at {now.position}, {position} is before it.",
            way_out="Read again under the name of another cursor.",
        )
    moved = Lease(now.name, now.owner, now.fence, position, now.until_ns)
    return _put(connection, moved)


def _held(connection: apsw.Connection, name: str) -> Lease | None:
    rows: list[Any] = connection.execute(sql.CURSOR, (name,)).fetchall()
    if not rows:
        return None
    transaction, seq, owner, fence, until_ns = rows[0]
    return Lease(name, owner, fence, (transaction, seq), until_ns)


def _put(connection: apsw.Connection, given: Lease) -> Lease:
    values = (given.name, *given.position, given.owner, given.fence, given.until_ns)
    connection.execute(sql.PUT_CURSOR, values)
    return given
