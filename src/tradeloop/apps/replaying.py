"""``tradeloop capture replay``: recorded files come in again as if they were live.

Rows are sent in the order in which they were received, at their own pace times the
speed, through the doors that live events take: messages and batches of ticks, over the
server where one holds the journal. Each replay is a life of its own of its sources.
"""

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event as Pause
from typing import Any, TypeVar

import polars as pl
import pyarrow as pa

from tradeloop.apps.client.delivery import LaterError
from tradeloop.apps.client.roads import Workspace
from tradeloop.apps.terminal import answers, table
from tradeloop.capture import Intake, read_events
from tradeloop.clock import NS_PER_SECOND, LiveClock, monotonic_s
from tradeloop.errors import InputError, TradeloopError
from tradeloop.events import Message, envelope_of
from tradeloop.pipelines.take_batch import KINDS

_STEP_S = 0.1
"""How often something is sent, seconds of our time."""
_MOST_ROWS, _MOST_MESSAGES = 50_000, 500
_PATIENCE = 20
T = TypeVar("T")


@dataclass(slots=True)
class Line:
    """One file on its way in."""

    intake: Intake
    source: str
    sent: int = 0
    n: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, status: str, rows: int) -> None:
        """Add what became of rows."""
        self.counts[status] = self.counts.get(status, 0) + rows


def replay(
    folder: Path, paths: Sequence[Path], *, speed: float, columns: Path | None
) -> Mapping[str, Any]:
    """Send the rows of files into the workspace of ``folder``, in time.

    Parameters
    ----------
    folder : Path
        Folder of a workspace.
    paths : sequence of Path
        Files, or folders of files, of any events.
    speed : float
        1 is the pace at which they were received; 0 is as fast as they are taken.
    columns : Path, optional
        Column map of the user's own.

    Returns
    -------
    mapping
        ``seconds``; ``files``: source, kind, rows read, refused by the reader, and what
        became of the rest by status.

    Raises
    ------
    InputError
        A file cannot be read, or the speed is below 0.
    TradeloopError
        What was sent was not taken in twenty tries.
    """
    if not 0 <= speed < float("inf"):
        raise InputError(
            f"--speed must be 0 or more, was {speed}.", way_out="0 is without waiting."
        )
    clock, began_s = LiveClock(), monotonic_s()
    read = [one for path in paths for one in read_events(path, columns=columns)]
    lines = [_line(one) for one in read]
    road, epoch = Workspace(folder, clock), clock.now_ns()
    try:
        for until_ns in _times(lines, speed):
            for line in lines:
                _send_until(line, until_ns, road, epoch)
            if speed:
                road.rest()  # between two sendings others may take the journal
    finally:
        road.rest()
    return {
        "seconds": round(monotonic_s() - began_s, 3),
        "files": [_told(line) for line in lines],
    }


def show(answer: Mapping[str, Any]) -> None:
    """Print what became of the rows of each file."""
    rows = [
        (
            one["source"],
            one["kind"],
            f"{one['read']:,}",
            f"{one['refused']:,}",
            ", ".join(f"{n:,} {status}" for status, n in one["became"].items()),
        )
        for one in answer["files"]
    ]
    head = ("source", "kind", "read", "refused", "became")
    answers.print(table("", head, rows))
    answers.print(f"{answer['seconds']:,.1f} s")


def _line(intake: Intake) -> Line:
    rows = intake.rows.sort("received_ns", maintain_order=True)
    ordered = Intake(intake.record, rows, intake.quarantined, intake.read, (), "")
    return Line(ordered, f"replay/{Path(intake.source).name}/{intake.record.kind}")


def _times(lines: Sequence[Line], speed: float) -> Iterator[int]:
    """Give the times up to which to send, each when it is due."""
    ends = [line.intake.rows["received_ns"] for line in lines]
    first = min((int(end[0]) for end in ends if end.len()), default=0)
    last = max((int(end[-1]) for end in ends if end.len()), default=0)
    if speed == 0:
        yield last
        return
    began_s, at_ns, pause = monotonic_s(), first, Pause()
    while True:
        passed_s = monotonic_s() - began_s
        at_ns = first + int(passed_s * speed * NS_PER_SECOND)
        yield min(at_ns, last)
        if at_ns >= last:
            return
        pause.wait(_STEP_S)


def _send_until(line: Line, until_ns: int, road: Workspace, epoch: int) -> None:
    """Send the rows that were received by ``until_ns``."""
    rows, kind = line.intake.rows, line.intake.record.kind
    end = int(rows["received_ns"].search_sorted(until_ns, side="right"))
    most = _MOST_ROWS if kind in KINDS else _MOST_MESSAGES
    while line.sent < end:
        part = rows[line.sent : min(end, line.sent + most)]
        if kind in KINDS:
            _send_ticks(line, part, road, epoch)
        else:
            _send_messages(line, part, road, epoch)
        line.sent += part.height


def _send_ticks(line: Line, part: pl.DataFrame, road: Workspace, epoch: int) -> None:
    line.n += 1
    kind, data = line.intake.record.kind, _stream(part)
    taken = _patiently(lambda: road.ticks(kind, data, line.source, epoch, line.n))
    line.count(taken.status, taken.rows)
    if taken.quarantined:
        line.count("quarantined", taken.quarantined)


def _send_messages(line: Line, part: pl.DataFrame, road: Workspace, epoch: int) -> None:
    record, texts = line.intake.record, []
    for row in part.iter_rows(named=True):
        line.n += 1
        message = Message(
            kind=record.kind,
            source=line.source,
            event_id=record.identity(row),
            event_ns=row["event_ns"],
            received_ns=row["received_ns"],
            epoch=epoch,
            n=line.n,
            body=record.body(row),
        )
        texts.append(json.dumps(envelope_of(message), ensure_ascii=False))
    body = "\n".join(texts).encode()
    for outcome in _patiently(lambda: road.send(body)):
        line.count(outcome.status, 1)


def _patiently(send: Callable[[], T]) -> T:
    """Send again while the other side asks for patience."""
    pause, trouble = Pause(), ""
    for _ in range(_PATIENCE):
        try:
            return send()
        except LaterError as error:
            trouble = str(error)
            pause.wait(0.5 if error.after_s is None else error.after_s)
    raise TradeloopError(f"Nothing was taken in {_PATIENCE} tries: {trouble}")


def _stream(rows: pl.DataFrame) -> bytes:
    arrow, sink = rows.to_arrow(), io.BytesIO()
    with pa.ipc.new_stream(sink, arrow.schema) as out:
        out.write_table(arrow)
    return sink.getvalue()


def _told(line: Line) -> dict[str, Any]:
    return {
        "source": line.source,
        "kind": line.intake.record.kind,
        "read": line.intake.read,
        "refused": line.intake.quarantined.height,
        "became": line.counts,
    }
