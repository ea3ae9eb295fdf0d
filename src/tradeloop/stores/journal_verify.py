"""Recompute the hash chains of a journal."""

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import apsw

from tradeloop.errors import DamagedError
from tradeloop.stores import journal_sql as sql
from tradeloop.stores.canonical import GENESIS, link

if TYPE_CHECKING:
    from collections.abc import Iterable


def verify_chains(connection: apsw.Connection, anchor: str) -> int:
    """Recompute every hash; return the number of events checked.

    Parameters
    ----------
    connection : apsw.Connection
        Stands in one snapshot.
    anchor : str
        Hash of an earlier audit entry, or `GENESIS` for none.

    Raises
    ------
    DamagedError
        Something was changed, removed, moved or put in; names the first.
    """
    checked = [_walk(connection, chain) for chain in sql.CHAINS]
    lost = connection.execute(sql.LOST_HEADS).fetchall()
    known = connection.execute(sql.ANCHORED, (anchor,)).fetchall()
    if lost or (anchor != GENESIS and not known):
        what = f"audit entry {lost[0][0]}" if lost else "the anchor"
        raise DamagedError(
            f"{what} points to an entry that is not there: the end of the journal was "
            "removed. Restore the journal from a backup."
        )
    return checked[0]


def chain_states(connection: apsw.Connection) -> None:
    """Chain the states that an upgrade has moved to the log of states."""
    previous = GENESIS
    moved: list[Any] = connection.execute(sql.UNCHAINED).fetchall()
    for fields in moved:
        previous = link(previous, fields)
        connection.execute(sql.SET_CHAIN, (previous, fields[0]))


def _walk(connection: apsw.Connection, chain: sql.Chain) -> int:
    previous, checked, seq = GENESIS, 0, 0
    rows: Iterable[Any] = connection.execute(chain.walk)
    try:
        for number, body, body_sha, text, stored in rows:
            seq = number
            if body is not None and sha256(body.encode()).hexdigest() != body_sha:
                break
            if sha256((previous + text).encode()).hexdigest() != stored:
                break
            previous, checked = stored, checked + 1
        else:
            return checked
    except UnicodeDecodeError:
        seq += 1
    raise DamagedError(
        f"{chain.name} {seq} does not match the hash under which it was written, or "
        "one before it was removed or moved. Restore the journal from a backup."
    )
