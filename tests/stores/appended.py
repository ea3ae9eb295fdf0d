"""Small events that the tests of the journal append."""

from tradeloop.clock import ReplayClock
from tradeloop.events import AuditEntry, Principal
from tradeloop.stores.base import Event
from tradeloop.stores.journal import Journal

ANN = Principal("acme", "ann")
AUDIT = AuditEntry(ANN, 5, "record decision", "feed")
CLOCK = ReplayClock(1_750_000_000_000_000_000)


def events(count: int, first: int = 0) -> list[Event]:
    return [Event(f"d{k}", k, k + 1, {"k": k}) for k in range(first, first + count)]


def append(journal: Journal, given: list[Event], source: str = "feed"):
    return journal.append(ANN, "decision", source, given, AUDIT)
