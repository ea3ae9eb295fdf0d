"""What can be done to a submission before its turn comes: check, write, hash.

It needs no transaction, so that it runs where a submission comes in, beside the thread
that writes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from json.encoder import encode_basestring as quoted
from typing import Any

from tradeloop.errors import InputError
from tradeloop.stores.base import Entry, Event, Rejected, Submission
from tradeloop.stores.canonical import canonical, digest, spoken

_INT64 = 2**63
_MOST_N = 2**62  # there is always a next number
_WHOLE = "Give a whole number of 64 bits."


@dataclass(frozen=True, slots=True)
class Prepared(Submission):
    """A submission that nothing but the disk can refuse.

    Parameters
    ----------
    texts, hashes : tuple of str
        Canonical body of each entry, and its hash.
    labels : tuple of str
        Of each event, the part of its link to the chain that is known before it is
        numbered: the hashed text from the tenant to the epoch.
    ids : mapping
        Ids of the events by kind.
    numbers : mapping
        Numbers that the events bring, by source and epoch.
    size : int
        Characters of all bodies.
    """

    texts: tuple[str, ...] = ()
    hashes: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    ids: dict[str, list[str]] = field(default_factory=dict)
    numbers: dict[tuple[str, int], list[int]] = field(default_factory=dict)
    size: int = 0


def prepare(submission: Submission) -> Prepared:
    """Check a submission and write its bodies in canonical form.

    Raises
    ------
    InputError
        An entry that no journal can store, named by its row, or an audit entry of
        another tenant.
    """
    if isinstance(submission, Prepared):
        return submission
    _check_audit(submission)
    return _Preparation(submission).prepared()


class _Preparation:
    def __init__(self, submission: Submission) -> None:
        self._submission, self._row = submission, 0
        who = submission.principal
        self._owner = f"{quoted(who.tenant)},{quoted(who.name)}"
        self._ids: dict[str, list[str]] = {}
        self._numbers: dict[tuple[str, int], list[int]] = {}
        self._names: dict[str, str] = {}  # kinds and sources, as JSON

    def prepared(self) -> Prepared:
        given = self._submission
        entries, texts, labels = [], [], []
        for self._row, entry in enumerate(given.entries):
            kept, text, label = self._entry(entry)
            entries.append(kept)
            texts.append(text)
            labels.append(label)
        return Prepared(
            given.principal,
            tuple(entries),
            given.audit,
            given.consumed,
            texts=tuple(texts),
            hashes=tuple(map(digest, texts)),
            labels=tuple(labels),
            ids=self._ids,
            numbers=self._numbers,
            size=sum(map(len, texts)),
        )

    def _entry(self, entry: Entry) -> tuple[Entry, str, str]:
        try:
            if entry.kind not in self._names or entry.source not in self._names:
                self._check_names(entry)
            if isinstance(entry.content, Rejected):
                return _rejected(entry, entry.content)
            return entry, _body(entry.content), self._label(entry, entry.content)
        except InputError as error:
            raise InputError(
                error.message,
                way_out=error.way_out,
                source=entry.source if entry.source in self._names else "",
                row=self._row,
            ) from error

    def _check_names(self, entry: Entry) -> None:
        for name in (entry.kind, entry.source):
            canonical(name)
            self._names[name] = quoted(name)

    def _label(self, entry: Entry, event: Event) -> str:
        kind, source = entry.kind, entry.source
        self._ids.setdefault(kind, []).append(event.event_id)
        brought = self._numbers.setdefault((source, event.epoch), [])
        if event.n is not None:
            brought.append(event.n)
        named, sent = self._names[kind], self._names[source]
        return f"{self._owner},{named},{quoted(event.event_id)},{sent},{event.epoch}"


def _body(event: Event) -> str:
    """Write the body of an event in canonical form, or refuse the event."""
    if not event.event_id or not (event.n is None or 1 <= event.n <= _MOST_N):
        raise InputError(
            f"An event needs an id and a number from 1 to 2^62, was "
            f"{event.event_id!r:.80}, {event.n!r:.80}.",
            way_out="Give each event an id that its source will give it again.",
        )
    if not event.event_id.isascii() or "\0" in event.event_id:
        canonical(event.event_id)
    for number in (event.event_ns, event.received_ns, event.epoch, event.n or 0):
        # The bounds once more: most numbers keep them, and a call costs more.
        if type(number) is not int or not -_INT64 <= number < _INT64:
            _check_whole(number)
    body: Any = event.body
    if not isinstance(body, Mapping):
        raise InputError(
            f"A body must be a mapping, was a {type(body).__name__}.",
            way_out="Send a JSON object.",
        )
    return canonical(spoken(body))


def _rejected(entry: Entry, rejected: Rejected) -> tuple[Entry, str, str]:
    """Keep what came as well as a text column can."""
    for number in (rejected.row, rejected.epoch or 0, rejected.n or 0):
        _check_whole(number)
    key, reason, body = map(storable, (rejected.key, rejected.reason, rejected.body))
    kept = replace(rejected, key=key, reason=reason, body=body)
    return replace(entry, content=kept), body, ""


def storable(text: str) -> str:
    """Replace what no text column takes: NUL, lone surrogates."""
    return text.encode(errors="replace").decode().replace("\0", "\ufffd")


def _check_whole(number: Any) -> None:
    # A bool is an int, and would be hashed by another text than it is stored as.
    if type(number) is not int or not -_INT64 <= number < _INT64:
        raise InputError(
            f"A time or a number must be an int64, was {number!r:.80}.", way_out=_WHOLE
        )


def _check_audit(given: Submission) -> None:
    audit, tenant = given.audit, given.principal.tenant
    if audit.principal.tenant != tenant:
        raise InputError(
            f"The audit entry is of tenant {audit.principal.tenant!r}, the write of "
            f"{tenant!r}.",
            way_out="Write the entry for the tenant whose data it is about.",
        )
    canonical([audit.action, audit.subject, audit.detail, audit.at_ns])
    _check_whole(audit.at_ns)
    if given.consumed:
        mark = given.consumed
        canonical([mark.consumer, mark.kind, mark.event_id])
