"""The laws that every journal keeps.

A law takes a function that opens the same journal each time it is called, empty at
first, and returns what it found wrong, or an empty text. Run them all with `ALL`.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager

from tradeloop.errors import BusyError, InputError
from tradeloop.events import AuditEntry, DecisionState, Principal
from tradeloop.stores.base import Event, EventLog, Rejected, StateChange

Opener = Callable[[], AbstractContextManager[EventLog]]
Law = Callable[[Opener], str]

_ONE, _OTHER = Principal("one", "ann"), Principal("other", "bob")
_KIND, _SOURCE = "decision", "feed"
_NS = 1_700_000_000_123_456_789


def same_content_is_stored_once(opened: Opener) -> str:
    """Answer the same id and content with duplicate and its first position."""
    with opened() as log:
        first = log.append(_ONE, _KIND, _SOURCE, _events(3), _audit(_ONE))
        again = log.append(_ONE, _KIND, _SOURCE, _events(3), _audit(_ONE))
        kept = log.counts(_ONE)
    if [r.status for r in first + again] != ["stored"] * 3 + ["duplicate"] * 3:
        return f"receipts were {first + again}"
    if [r.seq for r in first] != [r.seq for r in again] or kept != {_KIND: 3}:
        return f"positions {first} became {again}, counts are {kept}"
    return ""


def a_conflict_keeps_the_original(opened: Opener) -> str:
    """Keep the original; put another content of its id in quarantine."""
    with opened() as log:
        log.append(_ONE, _KIND, _SOURCE, _events(1), _audit(_ONE))
        other = [Event("id-0", _NS, _NS, {"k": "changed"})]
        said = log.append(_ONE, _KIND, _SOURCE, other, _audit(_ONE))[0].status
        kept, apart = log.get(_ONE, _KIND, "id-0").body, log.rejects(_ONE)
    if said != "conflict" or kept != _events(1)[0].body:
        return f"it was {said}, and the body is {kept}"
    return "" if len(apart) == 1 else f"quarantine holds {apart}"


def events_come_back_as_they_were(opened: Opener) -> str:
    """Give back times to the nanosecond, bodies, and the order of arrival."""
    given, half = _events(20), 10
    with opened() as log:
        log.append(_ONE, _KIND, _SOURCE, given, _audit(_ONE))
        found = log.events(_ONE, _KIND)
        after = (
            log.events(_ONE, _KIND, found[half - 1].seq)
            if len(found) == len(given)
            else []
        )
    back = [Event(e.event_id, e.event_ns, e.received_ns, e.body) for e in found]
    if back != given:
        return f"given {given[:2]}..., found {back[:2]}..."
    return (
        ""
        if after == found[half:]
        else f"after the first half came {len(after)} events"
    )


def a_bad_event_refuses_its_group(opened: Opener) -> str:
    """One event that cannot be stored leaves none of its group, and no audit entry."""
    bad = Event("bad", _NS, _NS, {"price": float("nan")})
    with opened() as log:
        try:
            log.append(_ONE, _KIND, _SOURCE, [*_events(2), bad], _audit(_ONE))
        except InputError:
            left = (log.counts(_ONE), log.audit_trail(_ONE), log.ledger(_ONE).received)
            return "" if left == ({}, [], 0) else f"it left {left}"
    return "NaN was stored"


def tenants_do_not_meet(opened: Opener) -> str:
    """Keep the same id of two tenants apart; show neither what the other has."""
    with opened() as log:
        said = log.append(_ONE, _KIND, _SOURCE, _events(2), _audit(_ONE))
        said += log.append(_OTHER, _KIND, _SOURCE, _events(1), _audit(_OTHER))
        log.reject(_OTHER, _SOURCE, [_rejected(0)], _audit(_OTHER))
        seen = (
            len(log.events(_ONE, _KIND)),
            len(log.events(_OTHER, _KIND)),
            len(log.rejects(_ONE)),
            len(log.audit_trail(_ONE)),
            log.ledger(_ONE).received,
            log.ledger(_OTHER).received,
        )
    if any(receipt.status != "stored" for receipt in said):
        return f"receipts were {said}"
    return "" if seen == (2, 1, 0, 1, 2, 2) else f"they saw {seen}"


def the_ledger_balances_after_every_write(opened: Opener) -> str:
    """Hold received = labelled + pending + censored + quarantined at any time."""
    states = [
        StateChange("id-0", DecisionState.LABELLED),
        StateChange("id-1", DecisionState.CENSORED, reason="no price"),
        StateChange("id-2", DecisionState.PENDING, due_ns=_NS),
    ]
    writes: list[Callable[[EventLog], object]] = [
        lambda log: log.append(_ONE, _KIND, _SOURCE, _events(5), _audit(_ONE)),
        lambda log: log.reject(_ONE, _SOURCE, [_rejected(7)], _audit(_ONE)),
        lambda log: log.reject(_ONE, _SOURCE, [_rejected(7)], _audit(_ONE)),
        lambda log: log.settle(_ONE, states, _audit(_ONE)),
        lambda log: log.append(_ONE, _KIND, _SOURCE, _events(6), _audit(_ONE)),
        lambda log: log.append(_ONE, "bar", _SOURCE, _events(1), _audit(_ONE)),
    ]
    with opened() as log:
        for write in writes:
            write(log)
            if not log.ledger(_ONE).balanced:
                return f"{log.ledger(_ONE)}"
        last = log.ledger(_ONE)
    counts = (last.received, last.labelled, last.pending, last.censored)
    return "" if (*counts, last.quarantined) == (7, 1, 4, 1, 1) else f"{last}"


def what_was_acknowledged_survives_closing(opened: Opener) -> str:
    """Hold what receipts said when opened again, and go on from there."""
    with opened() as log:
        first = log.append(_ONE, _KIND, _SOURCE, _events(4), _audit(_ONE))
    with opened() as log:
        found = [event.event_id for event in log.events(_ONE, _KIND)]
        more = log.append(_ONE, _KIND, _SOURCE, _events(5), _audit(_ONE))
        checked = log.verify()
    if found != [receipt.event_id for receipt in first]:
        return f"acknowledged {first}, found {found}"
    right = more[-1].status == "stored" and more[-1].seq > first[-1].seq
    return "" if right and checked == len(more) else f"then {more}, {checked} verified"


def a_second_writer_is_refused(opened: Opener) -> str:
    """While a journal is open for writing nobody else opens it for writing."""
    with opened():
        try:
            with opened():
                return "two writers hold it"
        except BusyError as error:
            return "" if str(error) else "the error does not say who holds it"


def every_write_leaves_its_audit_entry(opened: Opener) -> str:
    """Append, reject and settle each commit one audit entry, as it was given."""
    with opened() as log:
        log.append(_ONE, _KIND, _SOURCE, _events(1), _audit(_ONE, "append"))
        log.reject(_ONE, _SOURCE, [_rejected(0)], _audit(_ONE, "reject"))
        change = StateChange("id-0", DecisionState.LABELLED)
        log.settle(_ONE, [change], _audit(_ONE, "settle"))
        found = log.audit_trail(_ONE)
    wanted = [_audit(_ONE, action) for action in ("append", "reject", "settle")]
    return "" if found == wanted else f"the trail is {found}"


ALL: tuple[Law, ...] = (
    a_bad_event_refuses_its_group,
    a_conflict_keeps_the_original,
    a_second_writer_is_refused,
    events_come_back_as_they_were,
    every_write_leaves_its_audit_entry,
    same_content_is_stored_once,
    tenants_do_not_meet,
    the_ledger_balances_after_every_write,
    what_was_acknowledged_survives_closing,
)


def _events(count: int) -> list[Event]:
    """Events out of time order: the journal keeps the order in which they came."""
    return [
        Event(f"id-{k}", _NS - k, _NS + k, {"k": k, "x": 1 / (k + 1), "note": "é"})
        for k in range(count)
    ]


def _rejected(row: int) -> Rejected:
    return Rejected(row, f"key-{row}", "price below 0", '{"price":-1}')


def _audit(principal: Principal, action: str = "record decision") -> AuditEntry:
    return AuditEntry(principal, _NS, action, _SOURCE, '{"rows":1}')
