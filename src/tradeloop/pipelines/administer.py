"""Looks at the stores that need no run: for the doctor and for people."""

from tradeloop.clock import LiveClock
from tradeloop.events import Principal
from tradeloop.pipelines.workspace import Places
from tradeloop.stores import open_journal


def examine_journal(places: Places, principal: Principal) -> str:
    """Check the journal's hash chains and write the ledger as one sentence.

    Raises
    ------
    DamagedError
        The journal was changed behind its back.
    """
    with open_journal(places.journal, LiveClock(), read_only=True) as journal:
        checked = journal.verify()
        ledger = journal.ledger(principal)
    parts = ("labelled", "pending", "censored", "quarantined")
    stands = " + ".join(f"{getattr(ledger, part):,} {part}" for part in parts)
    return f"{ledger.received:,} received = {stands}; {checked:,} events, chain intact"
