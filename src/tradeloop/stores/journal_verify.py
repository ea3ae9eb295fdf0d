"""Recompute the hash chains of a journal."""

import apsw

from tradeloop.errors import DamagedError
from tradeloop.stores import journal_sql as sql
from tradeloop.stores.canonical import GENESIS, digest, link


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


def _walk(connection: apsw.Connection, chain: sql.Chain) -> int:
    previous, checked = GENESIS, 0
    for *fields, body, body_sha, stored in connection.execute(chain.walk):
        changed = body is not None and digest(body) != body_sha
        if changed or link(previous, fields) != stored:
            raise DamagedError(
                f"{chain.name} {fields[0]} of tenant {fields[1]!r} does not match the "
                "hash under which it was written, or one before it was removed or "
                "moved. Restore the journal from a backup."
            )
        previous, checked = stored, checked + 1
    return checked
