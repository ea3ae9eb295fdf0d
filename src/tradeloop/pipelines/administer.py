"""Looks at the stores, and copies of them, that need no run."""

from dataclasses import dataclass
from pathlib import Path

from tradeloop.clock import Clock, LiveClock
from tradeloop.errors import InputError
from tradeloop.events import Principal
from tradeloop.pipelines.workspace import Places
from tradeloop.stores import open_log
from tradeloop.stores.journal_backup import restore as restore_journal


def examine_journal(places: Places, principal: Principal) -> str:
    """Check the journal's hash chains and write the ledger as one sentence.

    Raises
    ------
    DamagedError
        The journal was changed behind its back.
    """
    with open_log(places.journal, LiveClock(), read_only=True) as journal:
        checked = journal.verify()
        ledger = journal.ledger(principal)
    parts = ("labelled", "pending", "censored", "quarantined")
    stands = " + ".join(f"{getattr(ledger, part):,} {part}" for part in parts)
    return f"{ledger.received:,} received = {stands}; {checked:,} events, chain intact"


@dataclass(frozen=True, slots=True)
class Copied:
    """A copy of a journal.

    Parameters
    ----------
    file : str
        Where it lies.
    seq : int
        Its last event: all that was acknowledged before is in it.
    head : str
        Hash of its last audit entry; keep it elsewhere, as an anchor.
    """

    file: str
    seq: int
    head: str


def back_up(places: Places, to: Path, clock: Clock) -> Copied:
    """Copy the journal of a workspace, also while a server writes it.

    Raises
    ------
    InputError
        There is no journal, there is a file at ``to``, or the journal is a server's.
    """
    with open_log(places.journal, clock, read_only=True) as journal:
        mark = journal.backup(to)
    return Copied(str(to), mark.seq, mark.head)


def restore(copy: Path, places: Places) -> Copied:
    """Check a copy and put it where a workspace has no journal.

    Raises
    ------
    InputError
        There is a journal already, or no finished copy.
    DamagedError
        The copy does not match the hashes under which it was written.
    """
    if not isinstance(places.journal, Path):
        raise InputError(
            "A journal on a server is not restored from a file.",
            way_out="Use the server's own tools.",
            source="journal",
        )
    places.journal.parent.mkdir(parents=True, exist_ok=True)
    mark = restore_journal(copy, places.journal)
    return Copied(str(places.journal), mark.seq, mark.head)
