"""Fills in a journal, and a clock, for the tests of the broker."""

import json
import threading
import time
from contextlib import contextmanager
from types import SimpleNamespace

from tradeloop.clock import LiveClock
from tradeloop.events import AuditEntry, Message, Principal, envelope_of
from tradeloop.pipelines.accept import Door
from tradeloop.stores import Event, open_journal
from tradeloop.stores.group_commit import GroupCommit

ANN, BOB = Principal("acme", "ann"), Principal("desk", "bob")
NOW_NS = 1_750_000_000_000_000_000
CLOCK = LiveClock()
_PATIENCE_S = 30.0


def fill_body(k):
    return {
        "fill_id": f"f{k}",
        "instrument": "EURUSD",
        "side": 1 if k % 2 else -1,
        "price": 1.1,
        "quantity": float(k % 97 + 1),
    }


def add_fills(journal, count, first=0, principal=ANN):
    given = [
        Event(f"f{k}", NOW_NS + k, NOW_NS + k, fill_body(k))
        for k in range(first, first + count)
    ]
    audit = AuditEntry(principal, 5, "record fill", "bot")
    return journal.append(principal, "fill", "bot", given, audit)


def fill_letter(k, **changes):
    """A fill as the bytes of a message."""
    body = fill_body(k) | changes
    message = Message("fill", "bot", f"f{k}", NOW_NS + k, NOW_NS + k, 0, k + 1, body)
    return json.dumps(envelope_of(message)).encode()


def quantities(journal, principal=ANN):
    return sum(e.body["quantity"] for e in journal.events(principal, "fill"))


@contextmanager
def opened(path):
    """A journal with what a server holds around it."""
    with open_journal(path, CLOCK) as journal:
        group = GroupCommit(journal)
        try:
            yield SimpleNamespace(
                journal=journal, group=group, door=Door(group, CLOCK), clock=CLOCK
            )
        finally:
            group.close()


def until(true):
    """Wait until something is so; fail if it never is."""
    deadline = time.monotonic() + _PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, "it never came"
        threading.Event().wait(0.01)
