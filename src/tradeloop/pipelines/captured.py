"""The market as it was captured, read back: batches from the lake, single messages.

A row may come in a slice of the lake or as a message of its own, which is an event of
the journal. Of two rows of one key the one captured later counts, however it came.
"""

from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from tradeloop.capture import Market
from tradeloop.errors import DamagedError, NotFoundError
from tradeloop.events import (
    BAR,
    DECISION,
    FILL,
    ORDER_EVENT,
    QUOTE,
    SERIES,
    TRADE,
    Record,
)
from tradeloop.pipelines.record import SLICE
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import Slice, StoredEvent

_MARKET = (BAR, QUOTE, TRADE, SERIES)
_SEQ = "_seq"
_CHUNK = 50_000  # events that are held as objects at once


@dataclass(frozen=True, slots=True)
class Extent:
    """Which of the captured events count: the state of the world at a position.

    Parameters
    ----------
    until_seq : int, optional
        Position in the journal after which nothing counts; None: all of it counts.
    slices : tuple of str, optional
        Ids of the slices of the lake that count, messages then do not; None: every
        slice and every message up to the position.
    """

    until_seq: int | None = None
    slices: tuple[str, ...] | None = None

    def of(self, events: Sequence[StoredEvent]) -> list[StoredEvent]:
        """Return the events up to the position."""
        if self.until_seq is None:
            return list(events)
        return [event for event in events if event.seq <= self.until_seq]

    def market(
        self, workspace: Workspace, kinds: Sequence[str]
    ) -> dict[str, list[StoredEvent]]:
        """Return slices and messages of the market that count, by kind."""
        who, journal = workspace.principal, workspace.journal
        found = {kind: self.of(journal.events(who, kind)) for kind in (SLICE, *kinds)}
        if self.slices is None:
            return found
        named = set(self.slices)
        slices = [event for event in found[SLICE] if event.event_id in named]
        if len(slices) < len(named):
            lost = sorted(named - {event.event_id for event in slices})
            raise DamagedError(
                f"The journal does not list the slice {lost[0]!r} of the lake, nor "
                f"{len(lost) - 1} more. Restore it from a backup."
            )
        return {SLICE: slices, **{kind: [] for kind in kinds}}


EVERYTHING = Extent()


@dataclass(frozen=True, slots=True, eq=False)
class Captured:
    """Market and series of a workspace.

    Parameters
    ----------
    market : Market
        All slices and messages; of two rows of one key the one captured later counts.
    series : polars.DataFrame, optional
        The SERIES record; None where none was captured.
    read : mapping of str to int
        Kinds of events that were read, to the position of the last one; 0 for none.
    """

    market: Market
    series: pl.DataFrame | None
    read: Mapping[str, int]


def captured_market(workspace: Workspace, extent: Extent = EVERYTHING) -> Captured:
    """Read every slice that the journal lists, each checked, and every message.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    extent : Extent
        Which of them count.

    Raises
    ------
    NotFoundError
        No bars were captured.
    DamagedError
        A slice does not match its hash.
    """
    events = extent.market(workspace, [record.kind for record in _MARKET])
    slices = events[SLICE]
    bars = _rows(workspace, BAR, slices, events[BAR.kind])
    if bars.is_empty():
        raise NotFoundError(
            "No bars were captured in this workspace. Run 'tradeloop run' first."
        )
    length = bars.select((pl.col("event_ns") - pl.col("open_ns")).mode().min())
    series = _rows(workspace, SERIES, slices, events[SERIES.kind])
    market = Market(
        bars=bars,
        quotes=_rows(workspace, QUOTE, slices, events[QUOTE.kind]),
        trades=_rows(workspace, TRADE, slices, events[TRADE.kind]),
        interval_ns=int(length.item()),
        intakes=(),
    )
    read = {kind: found[-1].seq if found else 0 for kind, found in events.items()}
    return Captured(market, None if series.is_empty() else series, read)


def has_grown(workspace: Workspace, captured: Captured) -> bool:
    """Whether more of the market came in since it was read; looks at what is new."""
    who = workspace.principal
    return any(workspace.journal.events(who, *last) for last in captured.read.items())


def captured_ticks(workspace: Workspace, record: Record) -> pl.DataFrame:
    """Read what was captured of one kind: slices that the journal lists, and messages.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    record : Record
        Such as ``QUOTE`` or ``BOOK_DELTA``.

    Returns
    -------
    polars.DataFrame of shape (n_rows, n_columns of the record)
        Sorted by the first column of the key and ``event_ns``; of two rows of one key
        that did not come in one slice the one captured later counts.

    Raises
    ------
    DamagedError
        A slice is not what the journal lists.
    """
    who, journal = workspace.principal, workspace.journal
    slices = journal.events(who, SLICE)
    return _rows(workspace, record, slices, journal.events(who, record.kind))


def _rows(
    workspace: Workspace,
    record: Record,
    listed: Sequence[StoredEvent],
    messages: Sequence[StoredEvent],
) -> pl.DataFrame:
    # Of a batch that was refused whole nothing lies in the lake.
    slices = [e for e in listed if e.body["kind"] == record.kind and e.body["rows"]]
    rows = _read(workspace, record, slices) if slices else record.empty()
    if messages:
        told = _frame(record, messages).with_columns(
            pl.Series(_SEQ, [message.seq for message in messages], dtype=pl.Int64)
        )
        older = pl.col(_SEQ).is_in(_outdated(workspace, record, slices, rows, told))
        parts = told.filter(older), rows, told.filter(~older)
        rows = pl.concat([part.select(record.schema.keys()) for part in parts])
    if len(slices) + len(messages) > 1:
        rows = _latest(rows, record)
    return rows.sort(record.key[0], "event_ns", maintain_order=True)


def _read(
    workspace: Workspace, record: Record, listed: Sequence[StoredEvent]
) -> pl.DataFrame:
    slices = [
        Slice(
            kind=record.kind,
            rows=event.body["rows"],
            sha256=event.body["sha256"],
            version=event.body.get("version"),
            key=event.body.get("key", ""),
        )
        for event in listed
    ]
    who, kind = workspace.principal, record.kind
    return record.conform(workspace.lake.read_slices(who, kind, slices))


def _outdated(
    workspace: Workspace,
    record: Record,
    slices: Sequence[StoredEvent],
    rows: pl.DataFrame,
    told: pl.DataFrame,
) -> list[int]:
    """Find the messages whose key came again in a slice that was listed after them.

    A row of the lake does not say in which slice it came. Messages and slices seldom
    share a key, and where they do, the slices that follow such a message are read.
    """
    shared = told.join(rows, on=record.key, how="semi")  # a null matches nothing
    at = [listed.seq for listed in slices]
    begins = sorted({bisect(at, seq) for seq in shared[_SEQ]})
    found: list[int] = []
    for begin, end in zip(begins, [*begins[1:], len(slices)], strict=False):
        if begin == end:
            continue
        all_of_them = end - begin == len(slices)
        part = rows if all_of_them else _read(workspace, record, slices[begin:end])
        before = shared.filter(pl.col(_SEQ) < at[begin])
        found += before.join(part, on=record.key, how="semi")[_SEQ].to_list()
    return found


def _latest(rows: pl.DataFrame, record: Record) -> pl.DataFrame:
    """Of rows of one key keep the last; without a whole key only equal rows are one."""
    partial = pl.any_horizontal(pl.col(name).is_null() for name in record.key)
    rows = rows.with_row_index("_row")
    whole = rows.filter(~partial).unique(record.key, keep="last")
    rest = rows.filter(partial).unique(list(record.schema), keep="first")
    return pl.concat([whole, rest]).sort("_row").drop("_row")


def captured_decision(workspace: Workspace, decision_id: str) -> pl.DataFrame:
    """Read one decision of the journal as a frame of one row.

    Raises
    ------
    NotFoundError
        The tenant has no such decision.
    """
    stored = workspace.journal.get(workspace.principal, DECISION.kind, decision_id)
    return _frame(DECISION, [stored])


def captured_events(
    workspace: Workspace, record: Record, extent: Extent = EVERYTHING
) -> pl.DataFrame:
    """Read all events of a kind that lies in the journal, in its order."""
    parts = list(event_parts(workspace, record, extent))
    return pl.concat(parts, rechunk=True) if parts else record.empty()


def event_parts(
    workspace: Workspace,
    record: Record,
    extent: Extent = EVERYTHING,
    size: int = _CHUNK,
) -> Iterator[pl.DataFrame]:
    """Read the events of a kind chunk by chunk, in the order of the journal.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    record : Record
        Such as ``DECISION``.
    extent : Extent
        Which of them count.
    size : int
        Events that are held as objects at once.

    Yields
    ------
    polars.DataFrame of shape (at most size, n_columns of the record)
        Never empty.
    """
    last = 0
    while True:
        events = workspace.journal.events(workspace.principal, record.kind, last, size)
        counted = extent.of(events)
        if counted:
            yield _frame(record, counted)
        if len(events) < size or len(counted) < len(events):
            return
        last = events[-1].seq


def position(workspace: Workspace, as_of_ns: int | None = None) -> int:
    """Position of the last event of a dataset's kinds; 0 where there is none.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    as_of_ns : int, optional
        Only what was recorded by then counts, ns UTC.
    """
    kinds = (SLICE, *(r.kind for r in (*_MARKET, DECISION, FILL, ORDER_EVENT)))
    who, journal = workspace.principal, workspace.journal
    return max(journal.last_seq(who, kind, as_of_ns) for kind in kinds)


def captured_fills(workspace: Workspace, decision_id: str) -> pl.DataFrame:
    """Read the fills of one decision from the journal; none where there are none."""
    fills = workspace.journal.events(workspace.principal, FILL.kind)
    mine = [fill for fill in fills if fill.body.get("decision_id") == decision_id]
    return _frame(FILL, mine)


def _frame(record: Record, stored: Sequence[StoredEvent]) -> pl.DataFrame:
    """Events as rows; the id of an event is the key where that is one column."""
    apart: dict[str, list[Any]] = {
        "event_ns": [event.event_ns for event in stored],
        "received_ns": [event.received_ns for event in stored],
    }
    if len(record.key) == 1:
        apart[record.key[0]] = [event.event_id for event in stored]
    bodies = [event.body for event in stored]
    shaped = [c.name for c in record.columns if c.shape and c.name not in apart]
    # Only objects are written as text, row by row: most rows have none.
    told = [{name: body.get(name) for name in shaped} for body in bodies if shaped]
    objects = record.frame(told) if any(map(_some, told)) else None
    columns = {
        name: apart[name]
        if name in apart
        else objects[name]
        if objects is not None and name in shaped
        else [body.get(name) for body in bodies]
        for name in record.schema
    }
    return pl.DataFrame(columns, schema=record.schema)


def _some(row: Mapping[str, Any]) -> bool:
    return any(value is not None for value in row.values())
