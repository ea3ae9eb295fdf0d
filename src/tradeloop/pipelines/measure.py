"""What a benchmark needs of the stores, which only pipelines may open."""

from pathlib import Path

import polars as pl

from tradeloop.clock import LiveClock, monotonic_s
from tradeloop.events import AuditEntry, Principal
from tradeloop.stores import Event, open_journal

_KEYS = ("decision_id", "event_ns", "received_ns")


def append_in_groups(path: Path, decisions: pl.DataFrame, *, group: int) -> list[float]:
    """Append decisions to a journal, each group durable before the next begins.

    Parameters
    ----------
    path : Path
        Journal; made where it is absent.
    decisions : polars.DataFrame of shape (n_rows, n_columns)
        The DECISION record.
    group : int
        Rows of one append.

    Returns
    -------
    list of float
        Seconds of each append, from rows to receipts.
    """
    clock, principal = LiveClock(), Principal("bench", "bench")
    rows = decisions.to_dicts()
    took: list[float] = []
    with open_journal(path, clock) as journal:
        for first in range(0, len(rows), group):
            began_s = monotonic_s()
            events = [_event(row) for row in rows[first : first + group]]
            audit = AuditEntry(principal, clock.now_ns(), "append", "decision")
            journal.append(principal, "decision", "bench", events, audit)
            took.append(monotonic_s() - began_s)
    return took


def _event(row: dict[str, object]) -> Event:
    body = {name: value for name, value in row.items() if name not in _KEYS}
    return Event(
        str(row["decision_id"]),
        int(str(row["event_ns"])),
        int(str(row["received_ns"])),
        body,
    )
