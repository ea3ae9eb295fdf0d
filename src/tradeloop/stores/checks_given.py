"""What the laws of a journal write, and how they ask for an error."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from tradeloop.errors import TradeloopError
from tradeloop.events import AuditEntry, Principal
from tradeloop.stores.base import Consumed, Entry, Event, Receipt, Rejected, Submission
from tradeloop.stores.event_log import EventLog

Opener = Callable[[], AbstractContextManager[EventLog]]
Law = Callable[[Opener], str]

ONE, OTHER = Principal("one", "ann"), Principal("other", "bob")
KIND, SOURCE = "decision", "feed"
NS = 1_700_000_000_123_456_789


def submission(
    who: Principal,
    *events: Event,
    kind: str = KIND,
    action: str = "record decision",
    consumed: Consumed | None = None,
) -> Submission:
    """Events of one kind, with an audit entry."""
    entries = tuple(Entry(kind, SOURCE, event) for event in events)
    return Submission(who, entries, audit_of(who, action), consumed)


def statuses(said: list[Receipt] | TradeloopError) -> list[str] | str:
    """Return what became of the entries, or the name of the error."""
    if isinstance(said, TradeloopError):
        return type(said).__name__
    return [receipt.status for receipt in said]


def refusal(call: Callable[[], object]) -> str:
    """Name of the error, or an empty text where there is none."""
    try:
        call()
    except TradeloopError as error:
        return type(error).__name__
    return ""


def events_of(count: int) -> list[Event]:
    """Events out of time order: the journal keeps the order in which they came."""
    return [
        Event(f"id-{k}", NS - k, NS + k, {"k": k, "x": 1 / (k + 1), "note": "é"})
        for k in range(count)
    ]


def rejected_row(row: int) -> Rejected:
    """Return a row that a rule refused."""
    return Rejected(row, f"key-{row}", "price below 0", '{"price":-1}')


def audit_of(principal: Principal, action: str = "record decision") -> AuditEntry:
    """Return an audit entry of the principal."""
    return AuditEntry(principal, NS, action, SOURCE, '{"rows":1}')
