"""The law of reading a long journal: in chunks, and without reading it to its end."""

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
)


def a_long_journal_is_read_in_chunks(opened: Opener) -> str:
    """Give the first events after a position up to a limit; tell the last position."""
    with opened() as log:
        for who, kind in ((ONE, KIND), (OTHER, KIND), (ONE, "bar")):
            log.append(who, kind, SOURCE, events_of(5), audit_of(who))
        whole = log.events(ONE, KIND)
        chunks, after = [], 0
        while chunk := log.events(ONE, KIND, after, 2):
            chunks.append(chunk)
            after = chunk[-1].seq
        last = log.last_seq(ONE, KIND), log.last_seq(ONE, "quote")
        recorded_ns = whole[-1].recorded_ns
        then = [log.last_seq(ONE, KIND, recorded_ns + k) for k in (0, -NS)]
        none = refusal(lambda: log.events(ONE, KIND, 0, 0))
    if chunks != [whole[:2], whole[2:4], whole[4:]]:
        return f"chunks were {[[e.seq for e in chunk] for chunk in chunks]}"
    if last != (after, 0) or then != [after, 0] or after != whole[-1].seq:
        return f"the last position is {after}, it was said to be {last}, {then}"
    return "" if none == "InputError" else f"a limit of 0 was taken: {none!r}"
