"""A group of batches on its way: rows to the lake, one submission each source."""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, TypeVar

from tradeloop.errors import ConflictError
from tradeloop.events import AuditEntry, Principal
from tradeloop.pipelines.record import REJECTED, SLICE
from tradeloop.pipelines.take_batch import Batch
from tradeloop.stores import Entry, Event, Lake, Rejected, Slice, Submission
from tradeloop.stores.ticks_append import Commit, Part

T = TypeVar("T")
LAKE = "lake"
"""Source of the events that list refused rows."""


@dataclass(frozen=True, slots=True, eq=False)
class Sent:
    """A batch that waits for its answer.

    Parameters
    ----------
    principal : Principal
        Whose it is.
    kind, source : str
        What it holds, and who sent it.
    epoch, n : int
        Its number.
    batch : Batch
        Its rows, checked.
    answer : Future
        Done when the batch is durable, or will not be.
    """

    principal: Principal
    kind: str
    source: str
    epoch: int
    n: int
    batch: Batch
    answer: Future[Any] = field(default_factory=Future)

    @property
    def key(self) -> str:
        """Name of the batch, under which the lake keeps it."""
        return f"{self.source}/{self.epoch}/{self.n}"

    @property
    def size(self) -> int:
        """Rows, refused ones included."""
        return self.batch.rows.height + self.batch.refused.height


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """A batch whose rows lie in the lake, kept and refused ones.

    Parameters
    ----------
    sent : Sent
        The batch.
    commit : Commit or None
        What brought its rows; None where no row was kept.
    refused : Slice or None
        Its refused rows; None where there are none.
    conflict : str
        Why the lake did not take it, where another batch has its number.
    """

    sent: Sent
    commit: Commit | None
    refused: Slice | None
    conflict: str = ""


def by(key: Callable[[T], Any], things: Sequence[T]) -> list[list[T]]:
    """Part things by a key; each part keeps their order."""
    return [list(part) for _, part in groupby(sorted(things, key=key), key)]


def place(sent: Sent) -> tuple[str, str]:
    """Name the table that a batch belongs to: tenant and kind."""
    return sent.principal.tenant, sent.kind


def sender(laid: Laid) -> tuple[str, str, str]:
    """Name who sent a batch: tenant, principal and source."""
    who = laid.sent.principal
    return who.tenant, who.name, laid.sent.source


def lay(lake: Lake, group: Sequence[Sent]) -> list[Laid]:
    """Put batches of one table into the lake, all kept rows by one commit."""
    first, kept = group[0], [sent for sent in group if sent.batch.rows.height]
    parts = [Part(sent.key, sent.batch.rows, sent.batch.sha256) for sent in kept]
    given = lake.ticks.append_all(first.principal, first.kind, parts) if parts else []
    found = {id(sent): commit for sent, commit in zip(kept, given, strict=True)}
    return [_laid(lake, sent, found.get(id(sent))) for sent in group]


def _laid(lake: Lake, sent: Sent, found: Commit | ConflictError | None) -> Laid:
    rows, refused = sent.batch.refused, None
    if not rows.is_empty():
        refused = lake.write_events(sent.principal, REJECTED + sent.kind, rows)
    if isinstance(found, ConflictError):
        return Laid(sent, None, refused, str(found))
    return Laid(sent, found, refused)


def submission_of(told: Sequence[Laid], now_ns: int) -> Submission:
    """List batches of one sender in the journal, by one audit entry.

    The last entries are those of the batches, one each, in their order; before them
    come those of refused rows.
    """
    first = told[0].sent
    kinds = ", ".join(sorted({laid.sent.kind for laid in told}))
    figures = {
        "batches": len(told),
        "rows": sum(laid.commit.rows for laid in told if laid.commit),
        "refused": sum(laid.refused.rows for laid in told if laid.refused),
        "conflicts": sum(bool(laid.conflict) for laid in told),
    }
    subject, detail = f"{kinds} of {first.source}", json.dumps(figures)
    audit = AuditEntry(first.principal, now_ns, "take", subject, detail)
    apart = [_refused(laid.refused) for laid in told if laid.refused]
    return Submission(first.principal, (*apart, *map(_entry, told)), audit)


def _refused(written: Slice) -> Entry:
    body = {
        "kind": written.kind,
        "sha256": written.sha256,
        "rows": written.rows,
        "version": written.version,
    }
    # A refused row need not have a time; the same refusal must stay the same event.
    event = Event(f"{written.kind}-{written.sha256}", 0, 0, body)
    return Entry(SLICE, LAKE, event)


def _entry(laid: Laid) -> Entry:
    sent, batch = laid.sent, laid.sent.batch
    if laid.conflict:
        told = json.dumps({"sha256": batch.sha256, "rows": sent.size})
        return Entry(SLICE, sent.source, Rejected(-1, sent.key, laid.conflict, told))
    body = {
        "kind": sent.kind,
        "key": sent.key,
        "sha256": batch.sha256,
        "rows": batch.rows.height,
        "refused": batch.refused.height,
        "version": laid.commit.version if laid.commit else None,
    }
    name, at_ns = f"{sent.kind}/{sent.key}", batch.received_ns
    return Entry(
        SLICE, sent.source, Event(name, at_ns, at_ns, body, sent.epoch, sent.n)
    )
