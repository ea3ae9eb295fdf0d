"""Messages from outside, made durable: each is stored, there already, or set aside.

1. The bytes become items: a JSON object, an array of them, or one a line (NDJSON).
   Where one item of an array is no strict JSON, each is read by itself, so that its
   neighbours are stored.
2. Each item is checked against its contract. One that breaks it becomes a row of the
   quarantine, with its reason, in the same transaction as its neighbours.
3. All items of a request are one submission of the group commit: one transaction, one
   audit entry. The answer is given after the commit.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from tradeloop.clock import Clock
from tradeloop.errors import InputError
from tradeloop.events import (
    BY_KIND,
    CONTRACTS,
    AuditEntry,
    Message,
    Principal,
    message_of,
)
from tradeloop.events.strict_json import loads
from tradeloop.stores import Entry, Event, Receipt, Rejected, Submission
from tradeloop.stores.group_commit import GroupCommit

UNNUMBERED = -1
"""Epoch of messages without a number: the journal counts them, apart from those that
their source numbers."""
MOST_ITEMS = 10_000
"""Items of one request; more are refused before any of them is stored."""
_MOST_NAME = 256
_SCAN = json.JSONDecoder(parse_int=str, parse_float=str, strict=False)
_BLANK = " \t\n\r"

Form = Literal["json", "ndjson"]
Heard = Callable[[Principal, Sequence[Entry], Future[list[Receipt]]], None]


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of one item.

    Parameters
    ----------
    receipt : Receipt
        Its id, its place, and ``stored``, ``duplicate``, ``conflict`` or
        ``quarantined``.
    reason : str
        Why it was set aside; empty where it was not.
    """

    receipt: Receipt
    reason: str


@dataclass(frozen=True, slots=True)
class Promise:
    """Items on their way to the disk.

    Parameters
    ----------
    receipts : Future
        Done after the commit.
    reasons : tuple of str
        Why an item was set aside, in the order of the items; empty for the others.
    """

    receipts: Future[list[Receipt]]
    reasons: tuple[str, ...]

    def kept(self, receipts: list[Receipt]) -> list[Accepted]:
        """Join the receipts with the reasons."""
        return [
            Accepted(receipt, reason)
            for receipt, reason in zip(receipts, self.reasons, strict=True)
        ]


class Door:
    """Where messages come in; safe to call from several threads.

    Parameters
    ----------
    group : GroupCommit
        Writes them.
    clock : Clock
        Says when a message came whose sender does not.

    Attributes
    ----------
    heard : callable, optional
        Is told of the entries that were handed over, and of the receipts to come.
    """

    def __init__(self, group: GroupCommit, clock: Clock) -> None:
        self._group, self._clock = group, clock
        self.heard: Heard | None = None

    def send(self, principal: Principal, data: bytes, form: Form) -> Promise:
        """Read items and hand them to the group commit.

        Parameters
        ----------
        principal : Principal
            Whose they are.
        data : bytes
            UTF-8: a CloudEvents message, an array of them, or one a line.
        form : {"json", "ndjson"}
            ``ndjson`` for one a line.

        Raises
        ------
        InputError
            The bytes hold no items, or more than `MOST_ITEMS`; nothing is stored.
        OverloadedError
            More is waiting than can be taken; nothing is stored.
        """
        items = _lines(data) if form == "ndjson" else _elements(data)
        _require_few(len(items))
        now_ns = self._clock.now_ns()
        checked = [_entry(item, now_ns) for item in items]
        detail = json.dumps({"items": len(items)})
        audit = AuditEntry(principal, now_ns, "accept", "messages", detail)
        entries = tuple(entry for entry, _ in checked)
        receipts = self._group.submit(Submission(principal, entries, audit))
        if self.heard is not None:
            self.heard(principal, entries, receipts)
        return Promise(receipts, tuple(reason for _, reason in checked))


def _entry(item: Any, now_ns: int) -> tuple[Entry, str]:
    """Check one item; a broken one becomes a row of the quarantine."""
    if isinstance(item, _Broken):
        return _refused(None, item.text, item.reason)
    try:
        message = message_of(item)
    except InputError as error:
        return _refused(item, json.dumps(item, ensure_ascii=False), str(error))
    if BY_KIND[message.kind].direction == "out":
        text = json.dumps(item, ensure_ascii=False)
        reason = f"A {message.kind} is what Tradeloop says, not what it is told."
        return _refused(item, text, reason)
    return Entry(message.kind, message.source, event_of(message, now_ns)), ""


def event_of(message: Message, now_ns: int) -> Event:
    """Make the journal's event of a message.

    Parameters
    ----------
    message : Message
        Checked against its contract.
    now_ns : int
        When it came, ns UTC: the received time of a message that has none, but not
        before it happened.
    """
    known_ns = message.received_ns
    return Event(
        event_id=message.event_id,
        event_ns=message.event_ns,
        received_ns=max(now_ns, message.event_ns) if known_ns is None else known_ns,
        body=message.body,
        epoch=UNNUMBERED if message.n is None else message.epoch,
        n=message.n,
    )


def _refused(item: Any, text: str, reason: str) -> tuple[Entry, str]:
    told = item if isinstance(item, dict) else {}
    contract = CONTRACTS.get(_name(told.get("type")))
    rejected = Rejected(
        row=-1,
        key=_name(told.get("id")),
        reason=reason,
        body=text,
        epoch=_whole(told.get("epoch", 0)),
        n=_whole(told.get("sequence")),
    )
    kind = contract.kind if contract else "unknown"
    source = _name(told.get("source")) or "unknown"
    return Entry(kind, source, rejected), reason


def _name(value: Any) -> str:
    return value[:_MOST_NAME] if isinstance(value, str) else ""


def _whole(value: Any) -> int | None:
    """Read a number of the source as far as it can be read."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:18])
    return value if isinstance(value, int) and 0 <= value < 1 << 62 else None


@dataclass(frozen=True, slots=True)
class _Broken:
    """An item that is no strict JSON."""

    text: str
    reason: str


def _require_few(items: int) -> None:
    if not 0 < items <= MOST_ITEMS:
        raise InputError(
            f"A request holds 1 to {MOST_ITEMS:,} messages, was {items:,}.",
            way_out="Send them in several requests.",
        )


def _lines(data: bytes) -> list[Any]:
    lines = [line for line in data.split(b"\n") if line.strip()]
    _require_few(len(lines))  # before each is read: many would hold up the others
    return [_strict(line) for line in lines]


def _elements(data: bytes) -> list[Any]:
    try:
        whole = loads(data)
    except InputError as error:
        return _apart(data, error)
    return whole if isinstance(whole, list) else [whole]


def _apart(data: bytes, error: InputError) -> list[Any]:
    """Read each element of an array by itself; what is no array stays refused."""
    text = data.decode("utf-8", errors="surrogateescape")
    try:
        parts = list(islice(_cut(text), MOST_ITEMS + 1))
    except (ValueError, RecursionError):
        raise error from None
    if len(parts) > MOST_ITEMS:
        raise error from None
    return [_strict(part.encode(errors="surrogateescape")) for part in parts]


def _cut(text: str) -> Iterator[str]:
    """Give the text of each element of a JSON array."""
    at = _next(text, 0)
    if text[at : at + 1] != "[":
        raise ValueError("no array")
    at = _next(text, at + 1)
    while True:
        _, end = _SCAN.raw_decode(text, at)
        yield text[at:end]
        at = _next(text, end)
        if text[at : at + 1] == "]":
            break
        if text[at : at + 1] != ",":
            raise ValueError("no comma")
        at = _next(text, at + 1)
    if _next(text, at + 1) < len(text):
        raise ValueError("more than an array")


def _next(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANK:
        at += 1
    return at


def _strict(data: bytes) -> Any:
    try:
        return loads(data)
    except InputError as error:
        return _Broken(data.decode("utf-8", errors="replace"), str(error))
