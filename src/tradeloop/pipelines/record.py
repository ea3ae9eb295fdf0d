"""What came in, made durable: market data in the lake, decisions in the journal."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from tradeloop.capture import Intake, Market
from tradeloop.events import Record
from tradeloop.pipelines.label import last_received_ns
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import Event, Rejected

SLICE = "slice"
"""Kind of the events that list what lies in the lake."""
LAKE = "lake"
"""Source of these events: the journal's own."""
REJECTED = "rejected_"
"""What the kind of a slice of refused rows begins with."""


@dataclass(frozen=True, slots=True)
class Capture:
    """Counts of one kind of event.

    Parameters
    ----------
    kind : str
        Name of the record.
    expected : int
        Rows that the sources held.
    captured : int
        Rows that are durable now.
    quarantined : int
        Rows that were refused, with a reason.
    duplicates : int
        Rows that were stored before, with the same content.
    conflicts : tuple of str
        Ids that were stored before with another content, which was kept.
    """

    kind: str
    expected: int
    captured: int
    quarantined: int
    duplicates: int = 0
    conflicts: tuple[str, ...] = ()


def record_market(
    workspace: Workspace, market: Market, series: pl.DataFrame | None
) -> tuple[tuple[Capture, ...], tuple[str, ...]]:
    """Put market data into the lake; refused rows go to quarantine.

    Each slice of the lake is an event of the journal, whose audit entry is committed
    with it: what is in the lake is found, and accounted for, by the journal.

    Returns
    -------
    captures : tuple of Capture
        One per kind that is there.
    slices : tuple of str
        Ids of the slices that hold the good rows.
    """
    frames = {"bar": market.bars, "quote": market.quotes, "trade": market.trades}
    if series is not None:
        frames["series"] = series
    listed = [
        _slice(workspace, kind, frame, last_received_ns(frame))
        for kind, frame in frames.items()
    ]
    captures = [_captured_market(workspace, intake) for intake in market.intakes]
    if series is not None:
        captures.append(Capture("series", series.height, series.height, 0))
    return summed(captures), tuple(each.event_id for each in listed if each)


def record_intake(workspace: Workspace, intake: Intake) -> Capture:
    """Put the rows of one file into the lake, with their cleaning flags.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    intake : Intake
        Rows of a kind that lies in the lake.
    """
    at_ns = last_received_ns(intake.rows)
    known = _slice(workspace, intake.record.kind, intake.flagged, at_ns)
    captured = _captured_market(workspace, intake)
    twice = known is not None and known.before
    return replace(captured, duplicates=intake.rows.height if twice else 0)


def _captured_market(workspace: Workspace, intake: Intake) -> Capture:
    kind, refused = intake.record.kind, intake.quarantined
    # Refused ticks may be millions: they are kept as a file, and listed like one.
    # A refused row need not have a time; the same refusal must stay the same event.
    _slice(workspace, REJECTED + kind, refused, at_ns=0)
    return Capture(kind, intake.read, intake.rows.height, refused.height)


@dataclass(frozen=True, slots=True)
class _Listed:
    """A slice in the journal; ``before``: it was listed already."""

    event_id: str
    before: bool


def _slice(
    workspace: Workspace, kind: str, frame: pl.DataFrame, at_ns: int
) -> _Listed | None:
    """Keep a frame in the lake and list it in the journal, once for each content.

    What a crash leaves in the lake without a line in the journal is not read, and is
    found there, and listed, when the same rows come again.
    """
    if frame.is_empty():
        return None
    written = workspace.lake.write_events(workspace.principal, kind, frame)
    body = {"kind": kind, "sha256": written.sha256, "rows": written.rows}
    if written.version is not None:
        body["version"] = written.version
    event_id = f"{kind}-{written.sha256}"
    receipts = workspace.journal.append(
        workspace.principal,
        SLICE,
        LAKE,
        [Event(event_id, at_ns, at_ns, body)],
        workspace.audit("write", f"market {kind}", rows=frame.height),
    )
    return _Listed(event_id, receipts[0].status == "duplicate")


def summed(captures: Sequence[Capture]) -> tuple[Capture, ...]:
    """One count per kind of event, over all sources."""
    kinds = sorted({c.kind for c in captures})
    return tuple(
        Capture(
            kind,
            sum(c.expected for c in captures if c.kind == kind),
            sum(c.captured for c in captures if c.kind == kind),
            sum(c.quarantined for c in captures if c.kind == kind),
            sum(c.duplicates for c in captures if c.kind == kind),
            tuple(key for c in captures if c.kind == kind for key in c.conflicts),
        )
        for kind in kinds
    )


def record_events(
    workspace: Workspace,
    record: Record,
    source: str,
    rows: pl.DataFrame,
    quarantined: pl.DataFrame,
) -> Capture:
    """Append decisions or fills to the journal; each is durable on return.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    record : Record
        DECISION or FILL.
    source : str
        File or strategy that they come from.
    rows : polars.DataFrame of shape (n_rows, n_columns)
        Columns of the record.
    quarantined : polars.DataFrame
        Refused rows of the same source: source, row, key, reason, body.
    """
    events = [
        Event(
            record.identity(row),
            row["event_ns"],
            row["received_ns"],
            record.body(row),
        )
        for row in rows.iter_rows(named=True)
    ]
    audit = workspace.audit("append", f"{record.kind} of {source}", rows=len(events))
    receipts = workspace.journal.append(
        workspace.principal, record.kind, source, events, audit
    )
    _quarantine(workspace, record.kind, source, quarantined)
    told = [receipt.status for receipt in receipts]
    conflicts = tuple(r.event_id for r in receipts if r.status == "conflict")
    return Capture(
        kind=record.kind,
        expected=rows.height + quarantined.height,
        captured=rows.height - len(conflicts),
        quarantined=quarantined.height + len(conflicts),
        duplicates=told.count("duplicate"),
        conflicts=conflicts,
    )


def _quarantine(
    workspace: Workspace, kind: str, source: str, rows: pl.DataFrame
) -> None:
    if rows.is_empty():
        return
    rejected = [
        Rejected(r["row"], r["key"] or "", r["reason"], r["body"])
        for r in rows.iter_rows(named=True)
    ]
    audit = workspace.audit("quarantine", f"{kind} of {source}", rows=rows.height)
    workspace.journal.reject(workspace.principal, source, rejected, audit, kind=kind)
