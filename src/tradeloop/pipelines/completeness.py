"""Is everything there? The ledger of decisions, and the numbers of each source."""

from collections import Counter
from dataclasses import dataclass

from tradeloop.clock import Clock
from tradeloop.events import Principal
from tradeloop.pipelines.record import REJECTED, SLICE
from tradeloop.pipelines.workspace import Places
from tradeloop.stores import EventLog, Gap, Ledger, Numbered, open_log


@dataclass(frozen=True, slots=True)
class Status:
    """What came in, and where it stands.

    Parameters
    ----------
    decisions : Ledger
        Received, and by state.
    balanced : bool
        Whether received = labelled + pending + censored + quarantined.
    events : dict of str to int
        Stored events by kind.
    ticks : dict of str to int
        Rows in the lake that the journal lists, by kind.
    quarantined : dict of str to int
        Rows in quarantine by kind, those in the lake too.
    complete : bool
        Whether no number of any source is missing.
    """

    decisions: Ledger
    balanced: bool
    events: dict[str, int]
    ticks: dict[str, int]
    quarantined: dict[str, int]
    complete: bool


@dataclass(frozen=True, slots=True)
class Gaps:
    """Whether all numbers came, for each source.

    Parameters
    ----------
    complete : bool
        Whether none is missing up to the highest of each source.
    sources : tuple of Numbered
        What came of each life of each source.
    gaps : tuple of Gap
        What is missing, by source and epoch, with the ranges.
    """

    complete: bool
    sources: tuple[Numbered, ...]
    gaps: tuple[Gap, ...]


def status_of(journal: EventLog, principal: Principal) -> Status:
    """Account for what a tenant sent.

    Parameters
    ----------
    journal : EventLog
        Open, for reading at least.
    principal : Principal
        Whose account.
    """
    ledger = journal.ledger(principal)
    ticks: Counter[str] = Counter()
    quarantined = Counter(journal.reject_counts(principal))
    for listed in journal.events(principal, SLICE):
        kind, rows = str(listed.body["kind"]), int(listed.body["rows"])
        apart = kind.startswith(REJECTED)
        (quarantined if apart else ticks)[kind.removeprefix(REJECTED)] += rows
    return Status(
        decisions=ledger,
        balanced=ledger.balanced,
        events=journal.counts(principal),
        ticks=dict(ticks),
        quarantined=dict(quarantined),
        complete=not journal.gaps(principal),
    )


def gaps_of(journal: EventLog, principal: Principal) -> Gaps:
    """Account for the numbers of each source of a tenant."""
    gaps = tuple(journal.gaps(principal))
    sources = tuple(journal.numbered(principal))
    return Gaps(complete=not gaps, sources=sources, gaps=gaps)


def account_of(
    places: Places, principal: Principal, clock: Clock
) -> tuple[Status, Gaps]:
    """Account for a workspace, beside whoever writes it.

    Raises
    ------
    InputError
        There is no journal.
    """
    with open_log(places.journal, clock, read_only=True) as journal:
        return status_of(journal, principal), gaps_of(journal, principal)
