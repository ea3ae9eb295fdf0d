"""Upkeep of the tick tables: small files become large ones, replaced ones are removed.

No row and no version is changed by either. What leaves the disk is written down in the
journal, which therefore must be free; to compact, it need not be.
"""

import json
from dataclasses import dataclass

from tradeloop.clock import Clock
from tradeloop.errors import BusyError
from tradeloop.events import AuditEntry, Principal
from tradeloop.pipelines.workspace import Places
from tradeloop.stores import EventLog, Lake, Submission, open_log
from tradeloop.stores.opening import Log
from tradeloop.stores.ticks_log import LOG


@dataclass(frozen=True, slots=True)
class Compacted:
    """What compacting did to the table of one kind.

    Parameters
    ----------
    kind : str
        Such as ``quote``.
    replaced : int
        Files that larger ones replaced; they lie there until `vacuum`.
    files : int
        Files that hold the table now.
    """

    kind: str
    replaced: int
    files: int


def tick_kinds(places: Places, principal: Principal) -> tuple[str, ...]:
    """Name the tables of ticks that a tenant has, in order."""
    folder = places.lake / principal.tenant / "market"
    return tuple(sorted(log.parent.name for log in folder.glob(f"*/{LOG}")))


def compact_ticks(places: Places, principal: Principal) -> tuple[Compacted, ...]:
    """Join the small files of each table; safe beside writers and readers.

    Raises
    ------
    FullError
        No space is left for the larger files.
    DamagedError
        A file does not match its hash.
    """
    ticks, found = Lake(places.lake).ticks, []
    for kind in tick_kinds(places, principal):
        replaced = ticks.compact(principal, kind)
        found.append(Compacted(kind, replaced, len(ticks.files(principal, kind))))
    return tuple(found)


def vacuum(
    places: Places, principal: Principal, clock: Clock, *, age_ns: int
) -> dict[str, int]:
    """Remove files that larger ones replaced; an audit entry says how many of what.

    Parameters
    ----------
    places : Places
        Where the lake and the journal lie.
    principal : Principal
        Whose tables, and who removes.
    clock : Clock
        The machine's: ages are those of files.
    age_ns : int
        Files that were replaced less than so long ago stay: a reader may have them
        open.

    Returns
    -------
    dict of str to int
        Files that were removed, by kind; every kind that has a table.

    Raises
    ------
    BusyError
        Another process holds the journal; nothing was removed.
    """
    kinds = tick_kinds(places, principal)
    if not kinds:
        return {}
    removed: dict[str, int] = {}
    before_ns = clock.now_ns() - age_ns
    with _journal(places, clock) as journal:
        try:
            ticks = Lake(places.lake).ticks
            for kind in kinds:
                removed[kind] = ticks.vacuum(principal, kind, older_than_ns=before_ns)
        finally:  # what was removed before an error is written down too
            _write_down(journal, principal, clock.now_ns(), removed)
    return removed


def _journal(places: Places, clock: Clock) -> Log:
    try:
        return open_log(places.journal, clock)
    except BusyError as error:
        raise BusyError(
            f"Nothing was removed: what is removed is written down in the journal. "
            f"{error} To compact alone, without removing, works meanwhile."
        ) from error


def _write_down(
    journal: EventLog, principal: Principal, at_ns: int, removed: dict[str, int]
) -> None:
    files = {kind: count for kind, count in removed.items() if count}
    if not files:
        return
    detail = json.dumps({"files": files}, sort_keys=True)
    audit = AuditEntry(principal, at_ns, "vacuum", "replaced files of ticks", detail)
    for told in journal.write([Submission(principal, (), audit)]):
        if isinstance(told, Exception):
            raise told
