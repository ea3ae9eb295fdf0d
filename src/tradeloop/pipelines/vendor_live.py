"""A vendor's live stream, made durable: numbered batches of ticks, and notes of gaps.

1. Each message of a frame is a row, a copy of one that came before, or in quarantine
   with its reason.
2. Rows gather for a moment and go to the `TickIntake` as a batch with the next number
   of its source, such as ``polygon/quotes``.
3. What the vendor never sent again is noted in the journal as `FEED_GAP`: the time
   without a connection, and the numbers left out over it.
"""

import json
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, field
from typing import Any

import polars as pl

from tradeloop.capture.polygon import CHANNELS, Down, Follower, Frame, Stream, Up
from tradeloop.capture.polygon.shapes import (
    Row,
    UnfitError,
    live_bar,
    live_quote,
    live_trade,
    sequence_of,
    time_of,
)
from tradeloop.clock import monotonic_s
from tradeloop.events import BY_KIND
from tradeloop.pipelines.take import Taken, TickIntake
from tradeloop.pipelines.vendor_batches import SOURCES, Batches, Pace
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import Event, Rejected

FEED_GAP = "feed_gap"
"""Kind of the notes of what a feed never sent."""
_NOTES = "polygon/notes"
_READ: dict[str, Callable[[Any, int], Row]] = {
    "A": live_bar,
    "AM": live_bar,
    "Q": live_quote,
    "T": live_trade,
}
_LONGEST_BODY = 100_000


@dataclass(slots=True)
class LiveAccount:
    """What a stream sent: messages = stored + duplicates + quarantined.

    Parameters
    ----------
    epoch : int
        Life of the sources.
    connections, messages : int
        How many came.
    stored : dict of str to int
        Rows that are durable, by kind.
    batches : int
        Batches that are durable.
    duplicates : int
        Messages that had come before.
    corrected : int
        Bars among ``stored`` that came before with other values.
    quarantined : dict of str to int
        Messages in quarantine, by reason.
    ahead : int
        Ticks whose exchange time lay after our clock, and was cut to it.
    gaps : list of dict
        What never came, as noted in the journal.
    skipped, backwards : int
        Numbers left out where that proves nothing; messages with a lower number than
        one before.
    unconfirmed : tuple of str
        Channels that the vendor did not say it sends.
    """

    epoch: int
    connections: int = 0
    messages: int = 0
    stored: dict[str, int] = field(default_factory=dict)
    batches: int = 0
    duplicates: int = 0
    corrected: int = 0
    quarantined: dict[str, int] = field(default_factory=dict)
    ahead: int = 0
    gaps: list[dict[str, Any]] = field(default_factory=list)
    skipped: int = 0
    backwards: int = 0
    unconfirmed: tuple[str, ...] = ()


def listen(
    workspace: Workspace,
    intake: TickIntake,
    stream: Stream,
    *,
    pace: Pace | None = None,
) -> LiveAccount:
    """Store what a stream sends until its event ``stop`` is set.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    intake : TickIntake
        Its writer of ticks.
    stream : Stream
        Where to listen.
    pace : Pace, optional
        When a batch is sent.

    Returns
    -------
    LiveAccount
        All that is counted as stored is durable.

    Raises
    ------
    InputError, FeedError
        See `Stream.frames`; what came before is durable.
    FullError, OverloadedError
        The disk refused a batch for longer than the pace allows.
    """
    live = _Live(workspace, intake, stream, pace or Pace())
    try:
        with closing(stream.frames()) as frames:
            for heard in frames:
                live.hear(heard)
    finally:
        live.finish()
    return live.account


class _Live:
    """One run of a stream; a single thread calls it."""

    def __init__(
        self, workspace: Workspace, intake: TickIntake, stream: Stream, pace: Pace
    ) -> None:
        self._workspace, self._stream, self._pace = workspace, stream, pace
        self._follower = Follower()
        self._rows: dict[str, list[Row]] = {kind: [] for kind in SOURCES}
        self._rejected: dict[str, list[Rejected]] = {}
        self._notes: list[dict[str, Any]] = []
        self._first_s = 0.0
        self._down: Down | None = None
        self.account = LiveAccount(_next_epoch(workspace))
        self._batches = Batches(
            intake, workspace.principal, self.account.epoch, pace, self._stored
        )

    def hear(self, heard: Frame | Up | Down | None) -> None:
        """Take what the stream gives; store what is due."""
        if isinstance(heard, Frame):
            self._take(heard)
        elif isinstance(heard, Up):
            self.account.connections = heard.connection
            self._back(heard.at_ns)
        elif isinstance(heard, Down):
            self._down = heard
        size = sum(map(len, self._rows.values()))
        if size >= self._pace.rows or self._is_due():
            self._flush()
        self._batches.settle()

    def finish(self) -> None:
        """Store all that came, and wait until it is durable."""
        self._back(self._workspace.clock.now_ns())
        self._flush()
        self._batches.settle(most=0)
        follower, stream = self._follower, self._stream
        self.account.skipped = follower.skipped
        self.account.backwards = follower.backwards
        missing = set(stream.channels) - stream.confirmed
        self.account.unconfirmed = tuple(sorted(missing))

    def _is_due(self) -> bool:
        return 0 < self._first_s < monotonic_s() - self._pace.after_s

    def _begun(self) -> None:
        self._first_s = self._first_s or monotonic_s()

    def _take(self, frame: Frame) -> None:
        self._begun()
        self.account.messages += len(frame.messages) + len(frame.garbage)
        for text, reason in frame.garbage:
            self._refuse("unknown", "", reason, text)
        for message in frame.messages:
            try:
                self._row(message, frame.received_ns)
            except UnfitError as fault:
                self._refuse_message(message, str(fault))

    def _row(self, message: Any, received_ns: int) -> None:
        channel = message.get("ev") if isinstance(message, dict) else None
        if not isinstance(channel, str) or channel not in _READ:
            raise UnfitError("event_not_known")
        row = _READ[channel](message, received_ns)
        verdict = self._follower.judge(message)
        if verdict == "duplicate":
            self.account.duplicates += 1
            return
        if verdict == "conflict":
            raise UnfitError("key_conflict")
        if verdict == "corrected":
            # Of two rows of one key the one in the later batch counts.
            self.account.corrected += 1
            self._flush()
        self._rows[CHANNELS[channel]].append(row)
        if CHANNELS[channel] != "bar":
            self._follow(channel, message, received_ns)

    def _follow(self, channel: str, message: Any, received_ns: int) -> None:
        event_ns = time_of(message, "t")
        self.account.ahead += event_ns > received_ns
        number = sequence_of(message)
        if number is None:
            return
        connection = self.account.connections
        gap = self._follower.follow(
            channel, message["sym"], number, event_ns, connection
        )
        if gap is not None:
            self._notes.append(asdict(gap))

    def _back(self, at_ns: int) -> None:
        """Note the time without a connection, if there was one."""
        if self._down is None:
            return
        told = {"cause": "connection", "channels": list(self._stream.channels)}
        away = {"from_ns": self._down.at_ns, "to_ns": at_ns}
        self._notes.append({**told, **away, "reason": self._down.reason[:500]})
        self._down = None
        self._begun()

    def _refuse_message(self, message: Any, reason: str) -> None:
        told = message if isinstance(message, dict) else {}
        channel, symbol = told.get("ev"), told.get("sym")
        kind = CHANNELS.get(channel) if isinstance(channel, str) else None
        body = json.dumps(message, ensure_ascii=False)
        key = symbol[:200] if isinstance(symbol, str) else ""
        self._refuse(kind or "unknown", key, reason, body)

    def _refuse(self, kind: str, key: str, reason: str, body: str) -> None:
        word = reason.partition(":")[0]
        counts = Counter(self.account.quarantined)
        self.account.quarantined = dict(counts + Counter([word]))
        rejected = Rejected(-1, key, reason[:500], body[:_LONGEST_BODY])
        self._rejected.setdefault(kind, []).append(rejected)

    def _flush(self) -> None:
        """Send what has gathered: rows to the lake, the rest to the journal."""
        self._first_s = 0.0
        for kind, rows in self._rows.items():
            if rows:
                schema = BY_KIND[kind].record.schema
                frame = pl.DataFrame(rows, schema=schema, orient="row")
                self._rows[kind] = []
                self._batches.send(kind, frame)
        workspace = self._workspace
        for kind, refused in self._rejected.items():
            source = SOURCES.get(kind, "polygon/stream")
            audit = workspace.audit("quarantine", source, rows=len(refused))
            workspace.journal.reject(
                workspace.principal, source, refused, audit, kind=kind
            )
        self._rejected = {}
        self._note()

    def _stored(self, kind: str, taken: Taken) -> None:
        account = self.account
        account.batches += 1
        account.stored[kind] = account.stored.get(kind, 0) + taken.rows
        if taken.refused:
            counts = Counter(account.quarantined) + Counter({kind: taken.refused})
            account.quarantined = dict(counts)

    def _note(self) -> None:
        if not self._notes:
            return
        workspace, epoch = self._workspace, self.account.epoch
        now_ns, known = workspace.clock.now_ns(), len(self.account.gaps)
        events = [
            Event(f"polygon-{epoch}-{at}-{now_ns}", note["from_ns"], now_ns, note)
            for at, note in enumerate(self._notes, known)
        ]
        audit = workspace.audit("note", "gaps of polygon", rows=len(events))
        workspace.journal.append(workspace.principal, FEED_GAP, _NOTES, events, audit)
        self.account.gaps += self._notes
        self._notes = []


def _next_epoch(workspace: Workspace) -> int:
    """Begin a new life of the sources: numbers begin at 1 again."""
    lives = workspace.journal.numbered(workspace.principal)
    sources = {*SOURCES.values(), _NOTES}
    return max((life.epoch for life in lives if life.source in sources), default=0) + 1
