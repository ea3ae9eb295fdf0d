"""The laws of the outbox: what a relay reads, its cursor, and effects on consumers."""

from tradeloop.stores.base import START, Consumed, Event, Position
from tradeloop.stores.checks_given import (
    KIND,
    NS,
    ONE,
    OTHER,
    SOURCE,
    Opener,
    audit_of,
    events_of,
    refusal,
    rejected_row,
    statuses,
    submission,
)


def the_outbox_gives_each_event_once_in_order(opened: Opener) -> str:
    """Give the events of all tenants, a few at a time, in order of commit."""
    seen: list[tuple[str, str, str]] = []
    with opened() as log:
        log.append(ONE, KIND, SOURCE, events_of(5), audit_of(ONE))
        log.reject(ONE, SOURCE, [rejected_row(0)], audit_of(ONE))
        log.write([submission(who, *events_of(2), kind="bar") for who in (OTHER, ONE)])
        places: list[Position] = [START]
        while found := log.outbox(places[-1], limit=2):
            places += [place for place, _ in found]
            seen += [(e.principal.tenant, e.kind, e.event_id) for _, e in found]
            if len(seen) > 9:  # noqa: PLR2004 - all of them
                break
        after_reading = log.outbox(places[-1], limit=9)
    wanted = [("one", KIND, f"id-{k}") for k in range(5)]
    wanted += [(who, "bar", f"id-{k}") for who in ("other", "one") for k in range(2)]
    if seen != wanted or after_reading:
        return f"it gave {seen}, then {after_reading}"
    return "" if places == sorted(set(places)) else f"the positions were {places}"


def a_cursor_is_moved_by_its_holder_only(opened: Opener) -> str:
    """Lease a cursor to one owner at a time; refuse the late move of an earlier one."""
    with opened() as log:
        late = log.lease("relay", "ann", 0)  # over at once
        held = log.lease("relay", "bob", 10**18)
        refused = [
            refusal(lambda: log.lease("relay", "ann", 1)),
            refusal(lambda: log.advance(late, (0, 7))),
        ]
        if refused != ["BusyError"] * 2:
            return f"a lease that another holds: {refused}"
        again = log.lease("relay", "bob", 10**18)
        moved = log.advance(held, (0, 3))
        other = log.lease("export", "ann", 1)
    fences = late.fence < held.fence == again.fence == moved.fence
    places = (late.position, held.position, moved.position, other.position)
    right = fences and places == (START, START, (0, 3), START)
    return "" if right else f"{late}, {held}, {again}, {moved}, {other}"


def a_cursor_stays_where_it_is(opened: Opener) -> str:
    """Keep a cursor's position when closed; never move it backwards."""
    with opened() as log:
        log.advance(log.lease("relay", "ann", 0), (0, 5))
    with opened() as log:
        lease = log.lease("relay", "bob", 0)
        back = refusal(lambda: log.advance(lease, (0, 4)))
        same = log.advance(lease, (0, 5)).position
    right = lease.position == same == (0, 5) and back == "InputError"
    return "" if right else f"it stood at {lease.position}, going back was {back!r}"


def an_effect_is_there_once(opened: Opener) -> str:
    """Commit a consumer's mark with its effect; write nothing where the mark is."""
    one, other = Consumed("positions", "fill", "f1"), Consumed("costs", "fill", "f1")
    with opened() as log:
        said = log.write(
            [
                submission(ONE, *events_of(1), consumed=one),
                submission(ONE, Event("id-7", NS, NS, {}), consumed=one),
            ]
        )
    with opened() as log:  # not only in memory
        said += log.write(
            [
                submission(ONE, *events_of(1), consumed=one),
                submission(ONE, Event("id-8", NS, NS, {}), consumed=other),
                submission(OTHER, *events_of(1), consumed=one),
            ]
        )
        ids = [event.event_id for event in log.events(ONE, KIND)]
        entries = len(log.audit_trail(ONE))
    answers = [status for one_said in said for status in statuses(one_said)]
    if answers != ["stored", "duplicate", "duplicate", "stored", "stored"]:
        return f"the answers were {said}"
    right = ids == ["id-0", "id-8"] and entries == len(ids)
    return "" if right else f"{ids} are stored, with {entries} audit entries"
