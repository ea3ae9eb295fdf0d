"""Recompute the hash chains of a journal on PostgreSQL, tenant by tenant."""

import json

from tradeloop.errors import DamagedError, InputError
from tradeloop.stores import journal_sql as sql
from tradeloop.stores import postgres_sql as pg
from tradeloop.stores.canonical import GENESIS, digest, link
from tradeloop.stores.postgres_database import Translated

_CHAINS = (
    ("event", sql.EVENT_ROWS),
    ("reject", sql.REJECT_ROWS),
    ("state of a decision", sql.STATE_ROWS),
    ("audit entry", sql.AUDIT_ROWS),
)
_REMOVED = (
    "points to an entry that is not there: the end of the journal was removed. Restore "
    "the journal from a backup."
)

End = tuple[int, str]


def verify_tenants(connection: Translated, anchor: str) -> int:
    """Recompute every hash; return the number of events checked.

    Parameters
    ----------
    connection : Translated
        Stands in one snapshot.
    anchor : str
        An earlier `head`, or `GENESIS` for none.

    Raises
    ------
    DamagedError
        Something was changed, removed, moved or put in; names the first.
    InputError
        The anchor is none of this kind of journal.
    """
    walked = [_walk(connection, *chain) for chain in _CHAINS]
    found = [ends for _, ends in walked]
    for tenant, *heads in connection.execute(pg.ENDS):
        for k, (name, _) in enumerate(_CHAINS):
            if found[k].pop(tenant, (0, GENESIS)) != tuple(heads[2 * k : 2 * k + 2]):
                raise DamagedError(f"The last {name} of tenant {tenant!r} {_REMOVED}")
    _check_ends(connection, found, anchor)
    return walked[0][0]


def _walk(
    connection: Translated, name: str, insert: sql.Insert
) -> tuple[int, dict[str, End]]:
    has_body = insert in (sql.EVENT_ROWS, sql.REJECT_ROWS)
    last = -2 if has_body else -1
    names = pg.columns(insert)
    sha = names.index("body_sha") if has_body else 0
    ends: dict[str, End] = {}
    checked = 0
    for row in connection.stream(pg.walk(insert)):
        seq, tenant, stored = row[0], row[1], row[-1]
        previous = ends.get(tenant, (0, GENESIS))[1]
        changed = has_body and digest(row[-2]) != row[sha]
        if changed or link(previous, row[:last]) != stored:
            raise DamagedError(
                f"{name} {seq} of tenant {tenant!r} does not match the hash under "
                "which it was written, or one before it was removed or moved. Restore "
                "the journal from a backup."
            )
        ends[tenant], checked = (seq, stored), checked + 1
    return checked, ends


def _check_ends(
    connection: Translated, found: list[dict[str, End]], anchor: str
) -> None:
    """Compare with what the audit entries, the heads and the anchor point to."""
    for tenant in {tenant for ends in found for tenant in ends}:
        raise DamagedError(
            f"Tenant {tenant!r} has entries, but no heads of its chains."
        )
    lost = connection.execute(sql.LOST_HEADS).fetchall()
    if lost:
        raise DamagedError(f"audit entry {lost[0][0]} {_REMOVED}")
    for tenant, chain in _anchors(anchor).items():
        known = connection.execute(pg.ANCHORED, (tenant, chain)).fetchall()
        if chain != GENESIS and not known:
            raise DamagedError(f"The anchor of tenant {tenant!r} {_REMOVED}")


def _anchors(anchor: str) -> dict[str, str]:
    if anchor == GENESIS:
        return {}
    try:
        return {str(k): str(v) for k, v in json.loads(anchor).items()}
    except (ValueError, AttributeError) as error:
        raise InputError(
            f"This is no anchor of a journal on PostgreSQL: {anchor!r:.80}.",
            way_out="Give what `head` of this journal said.",
        ) from error
