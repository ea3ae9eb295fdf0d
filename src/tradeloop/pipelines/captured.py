"""The market as earlier runs captured it, read back from the lake."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from tradeloop.capture import Market
from tradeloop.errors import NotFoundError
from tradeloop.events import BAR, DECISION, FILL, QUOTE, SERIES, TRADE, Record
from tradeloop.pipelines.record import SLICE
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import StoredEvent


@dataclass(frozen=True, slots=True, eq=False)
class Captured:
    """Market and series of a workspace.

    Parameters
    ----------
    market : Market
        All slices together; of two rows of one key the one captured later counts.
    series : polars.DataFrame, optional
        The SERIES record; None where none was captured.
    """

    market: Market
    series: pl.DataFrame | None


def captured_market(workspace: Workspace) -> Captured:
    """Read every slice that the journal lists, each checked against its hash.

    Raises
    ------
    NotFoundError
        No bars were captured.
    DamagedError
        A slice does not match its hash.
    """
    bars = _rows(workspace, BAR)
    if bars.is_empty():
        raise NotFoundError(
            "No bars were captured in this workspace. Run 'tradeloop run' first."
        )
    length = bars.select((pl.col("event_ns") - pl.col("open_ns")).mode().min())
    series = _rows(workspace, SERIES)
    market = Market(
        bars=bars,
        quotes=_rows(workspace, QUOTE),
        trades=_rows(workspace, TRADE),
        interval_ns=int(length.item()),
        intakes=(),
    )
    return Captured(market, None if series.is_empty() else series)


def _rows(workspace: Workspace, record: Record) -> pl.DataFrame:
    listed = workspace.journal.events(workspace.principal, SLICE)
    hashes = [
        str(event.body["sha256"])
        for event in listed
        if event.body["kind"] == record.kind
    ]
    if not hashes:
        return record.empty()
    frames = [
        workspace.lake.read_events(workspace.principal, record.kind, sha)
        for sha in dict.fromkeys(hashes)
    ]
    rows = pl.concat([record.conform(frame) for frame in frames])
    if len(frames) > 1:
        rows = rows.unique(record.key, keep="last", maintain_order=True)
    return rows.sort(record.key[0], "event_ns", maintain_order=True)


def captured_decision(workspace: Workspace, decision_id: str) -> pl.DataFrame:
    """Read one decision of the journal as a frame of one row.

    Raises
    ------
    NotFoundError
        The tenant has no such decision.
    """
    stored = workspace.journal.get(workspace.principal, DECISION.kind, decision_id)
    return _frame(DECISION, [stored])


def captured_fills(workspace: Workspace, decision_id: str) -> pl.DataFrame:
    """Read the fills of one decision from the journal; none where there are none."""
    fills = workspace.journal.events(workspace.principal, FILL.kind)
    mine = [fill for fill in fills if fill.body.get("decision_id") == decision_id]
    return _frame(FILL, mine)


def _frame(record: Record, stored: Sequence[StoredEvent]) -> pl.DataFrame:
    if not stored:
        return record.empty()
    rows = [
        {
            **event.body,
            record.key[0]: event.event_id,
            "event_ns": event.event_ns,
            "received_ns": event.received_ns,
        }
        for event in stored
    ]
    return record.conform(pl.DataFrame(rows, schema_overrides=record.schema))
