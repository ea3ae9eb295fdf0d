"""The laws that every journal keeps.

A law takes a function that opens the same journal each time it is called, empty at
first, and returns what it found wrong, or an empty text. Every journal keeps `ALL`; one
that is a file with one writer keeps `SINGLE_WRITER` too.
"""

from typing import TYPE_CHECKING

from tradeloop.errors import BusyError, InputError
from tradeloop.events import DecisionState
from tradeloop.stores.base import Entry, Event, Rejected, StateChange, Submission
from tradeloop.stores.checks_chunks import a_long_journal_is_read_in_chunks
from tradeloop.stores.checks_given import (
    KIND,
    NS,
    ONE,
    OTHER,
    SOURCE,
    Law,
    Opener,
    audit_of,
    events_of,
    rejected_row,
    statuses,
    submission,
)
from tradeloop.stores.checks_outbox import (
    a_cursor_is_moved_by_its_holder_only,
    a_cursor_stays_where_it_is,
    an_effect_is_there_once,
    the_outbox_gives_each_event_once_in_order,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradeloop.stores.event_log import EventLog


def same_content_is_stored_once(opened: Opener) -> str:
    """Answer the same id and content with duplicate and its first position."""
    with opened() as log:
        first = log.append(ONE, KIND, SOURCE, events_of(3), audit_of(ONE))
        again = log.append(ONE, KIND, SOURCE, events_of(3), audit_of(ONE))
        kept = log.counts(ONE)
    if [r.status for r in first + again] != ["stored"] * 3 + ["duplicate"] * 3:
        return f"receipts were {first + again}"
    if [r.seq for r in first] != [r.seq for r in again] or kept != {KIND: 3}:
        return f"positions {first} became {again}, counts are {kept}"
    return ""


def a_conflict_keeps_the_original(opened: Opener) -> str:
    """Keep the original; put another content of its id in quarantine."""
    with opened() as log:
        log.append(ONE, KIND, SOURCE, events_of(1), audit_of(ONE))
        other = [Event("id-0", NS, NS, {"k": "changed"})]
        said = log.append(ONE, KIND, SOURCE, other, audit_of(ONE))[0].status
        kept, apart = log.get(ONE, KIND, "id-0").body, log.rejects(ONE)
    if said != "conflict" or kept != events_of(1)[0].body:
        return f"it was {said}, and the body is {kept}"
    return "" if len(apart) == 1 else f"quarantine holds {apart}"


def events_come_back_as_they_were(opened: Opener) -> str:
    """Give back times to the nanosecond, bodies, and the order of arrival."""
    given, half = events_of(20), 10
    with opened() as log:
        log.append(ONE, KIND, SOURCE, given, audit_of(ONE))
        found = log.events(ONE, KIND)
        after = (
            log.events(ONE, KIND, found[half - 1].seq)
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
    bad = Event("bad", NS, NS, {"price": float("nan")})
    with opened() as log:
        try:
            log.append(ONE, KIND, SOURCE, [*events_of(2), bad], audit_of(ONE))
        except InputError:
            left = (log.counts(ONE), log.audit_trail(ONE), log.ledger(ONE).received)
            return "" if left == ({}, [], 0) else f"it left {left}"
    return "NaN was stored"


def tenants_do_not_meet(opened: Opener) -> str:
    """Keep the same id of two tenants apart; show neither what the other has."""
    with opened() as log:
        said = log.append(ONE, KIND, SOURCE, events_of(2), audit_of(ONE))
        said += log.append(OTHER, KIND, SOURCE, events_of(1), audit_of(OTHER))
        log.reject(OTHER, SOURCE, [rejected_row(0)], audit_of(OTHER))
        seen = (
            len(log.events(ONE, KIND)),
            len(log.events(OTHER, KIND)),
            len(log.rejects(ONE)),
            len(log.audit_trail(ONE)),
            log.ledger(ONE).received,
            log.ledger(OTHER).received,
        )
    if any(receipt.status != "stored" for receipt in said):
        return f"receipts were {said}"
    return "" if seen == (2, 1, 0, 1, 2, 2) else f"they saw {seen}"


def the_ledger_balances_after_every_write(opened: Opener) -> str:
    """Hold received = labelled + pending + censored + quarantined at any time."""
    states = [
        StateChange("id-0", DecisionState.LABELLED),
        StateChange("id-1", DecisionState.CENSORED, reason="no price"),
        StateChange("id-2", DecisionState.PENDING, due_ns=NS),
    ]
    writes: list[Callable[[EventLog], object]] = [
        lambda log: log.append(ONE, KIND, SOURCE, events_of(5), audit_of(ONE)),
        lambda log: log.reject(ONE, SOURCE, [rejected_row(7)], audit_of(ONE)),
        lambda log: log.reject(ONE, SOURCE, [rejected_row(7)], audit_of(ONE)),
        lambda log: log.settle(ONE, states, audit_of(ONE)),
        lambda log: log.append(ONE, KIND, SOURCE, events_of(6), audit_of(ONE)),
        lambda log: log.append(ONE, "bar", SOURCE, events_of(1), audit_of(ONE)),
    ]
    with opened() as log:
        for write in writes:
            write(log)
            if not log.ledger(ONE).balanced:
                return f"{log.ledger(ONE)}"
        last = log.ledger(ONE)
    counts = (last.received, last.labelled, last.pending, last.censored)
    return "" if (*counts, last.quarantined) == (7, 1, 4, 1, 1) else f"{last}"


def what_was_acknowledged_survives_closing(opened: Opener) -> str:
    """Hold what receipts said when opened again, and go on from there."""
    with opened() as log:
        first = log.append(ONE, KIND, SOURCE, events_of(4), audit_of(ONE))
    with opened() as log:
        found = [event.event_id for event in log.events(ONE, KIND)]
        more = log.append(ONE, KIND, SOURCE, events_of(5), audit_of(ONE))
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
        log.append(ONE, KIND, SOURCE, events_of(1), audit_of(ONE, "append"))
        log.reject(ONE, SOURCE, [rejected_row(0)], audit_of(ONE, "reject"))
        change = StateChange("id-0", DecisionState.LABELLED)
        log.settle(ONE, [change], audit_of(ONE, "settle"))
        found = log.audit_trail(ONE)
    wanted = [audit_of(ONE, action) for action in ("append", "reject", "settle")]
    return "" if found == wanted else f"the trail is {found}"


def a_bad_submission_leaves_the_others(opened: Opener) -> str:
    """Answer a submission that cannot be stored with its error; store the others."""
    bad = Event("bad", NS, NS, {"price": float("nan")})
    with opened() as log:
        said = log.write(
            [
                submission(ONE, *events_of(2), action="first"),
                submission(ONE, Event("beside", NS, NS, {}), bad, action="bad"),
                submission(OTHER, *events_of(1), action="last"),
            ]
        )
        ids = [event.event_id for event in log.events(ONE, KIND)]
        trail = [a.action for who in (ONE, OTHER) for a in log.audit_trail(who)]
    if [statuses(one) for one in said] != [["stored"] * 2, "InputError", ["stored"]]:
        return f"the answers were {said}"
    if ids != ["id-0", "id-1"] or trail != ["first", "last"]:
        return f"{ids} are stored, with the audit entries {trail}"
    return ""


def a_submission_may_hold_all_kinds(opened: Opener) -> str:
    """Store entries of several kinds and sources, and put refused rows aside."""
    row = Rejected(-1, "key", "price below 0", "{}", epoch=2, n=3)
    entries = (
        Entry("decision", "a", events_of(1)[0]),
        Entry("fill", "b", events_of(1)[0]),
        Entry("decision", "a", row),
        Entry("decision", "a", row),
    )
    with opened() as log:
        said = log.write([Submission(ONE, entries, audit_of(ONE))])[0]
        counts, ledger = log.counts(ONE), log.ledger(ONE)
        apart = [(stored.rejected, stored.seq) for stored in log.rejects(ONE)]
    wanted = ["stored", "stored", "quarantined", "quarantined"]
    if not isinstance(said, list) or statuses(said) != wanted:
        return f"the answer was {said}"
    if counts != {"decision": 1, "fill": 1} or apart != [(row, said[2].seq)]:
        return f"counts are {counts}, quarantine holds {apart}"
    right = ledger.balanced and ledger.received == 2 and said[2] == said[3]  # noqa: PLR2004 - a decision and a row
    return "" if right else f"{ledger}, {said}"


def submissions_of_one_write_see_each_other(opened: Opener) -> str:
    """Answer an id that came earlier in the same write as if it had been stored."""
    other = Event("id-0", NS, NS, {"k": "changed"})
    with opened() as log:
        said = log.write([submission(ONE, e) for e in (*events_of(1) * 2, other)])
        kept, checked = log.counts(ONE), log.verify()
    if [statuses(one) for one in said] != [["stored"], ["duplicate"], ["conflict"]]:
        return f"the answers were {said}"
    return "" if kept == {KIND: 1} and checked == 1 else f"{kept}, {checked} verified"


def a_null_says_nothing(opened: Opener) -> str:
    """Leave nulls out of a body, so that a new field changes no older event."""
    with opened() as log:
        first = [Event("id", NS, NS, {"k": 1, "later": None, "in": [None]})]
        log.append(ONE, KIND, SOURCE, first, audit_of(ONE))
        without = [Event("id", NS, NS, {"k": 1, "in": [None]})]
        said = log.append(ONE, KIND, SOURCE, without, audit_of(ONE))[0].status
        body = log.get(ONE, KIND, "id").body
    right = said == "duplicate" and body == {"k": 1, "in": [None]}
    return "" if right else f"it was {said}, and the body is {body}"


ALL: tuple[Law, ...] = (
    a_bad_event_refuses_its_group,
    a_bad_submission_leaves_the_others,
    a_conflict_keeps_the_original,
    a_cursor_is_moved_by_its_holder_only,
    a_cursor_stays_where_it_is,
    a_long_journal_is_read_in_chunks,
    a_null_says_nothing,
    a_submission_may_hold_all_kinds,
    an_effect_is_there_once,
    events_come_back_as_they_were,
    every_write_leaves_its_audit_entry,
    same_content_is_stored_once,
    submissions_of_one_write_see_each_other,
    tenants_do_not_meet,
    the_ledger_balances_after_every_write,
    the_outbox_gives_each_event_once_in_order,
    what_was_acknowledged_survives_closing,
)
SINGLE_WRITER: tuple[Law, ...] = (a_second_writer_is_refused,)
