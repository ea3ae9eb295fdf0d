"""How the live loop stands: who answers, how much, how fast, and what does not work."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tradeloop.pipelines.live_open import Live
from tradeloop.pipelines.signal_events import KIND
from tradeloop.pipelines.workspace import Workspace

_MS = 1_000.0


@dataclass(frozen=True, slots=True)
class LiveStatus:
    """The live loop at a moment.

    Parameters
    ----------
    models : mapping of str to mapping of str to str
        Version at work by model and arm.
    experiments : mapping of str to mapping
        Name, kind, challenger and status by model.
    signals, abstained, late, faults : int
        See `tradeloop.pipelines.live.Told`.
    left_out : mapping of str to int
        Members that were left out of a vote, and how often.
    trouble : mapping of str to str
        What does not work now, and why.
    holding : int
        Signals in the books.
    latency_ms : mapping of str to float
        ``p50`` and ``p99`` from the receipt of an event to its stored signal, over the
        newest; empty before the first.
    latencies : int
        How many they are taken over.
    shelf : mapping
        ``position`` in the journal up to which signals are in the catalog, ``last`` of
        the journal, and ``trouble``.
    """

    models: Mapping[str, Mapping[str, str]]
    experiments: Mapping[str, Mapping[str, str]]
    signals: int
    abstained: int
    late: int
    faults: int
    left_out: Mapping[str, int]
    trouble: Mapping[str, str]
    holding: int
    latency_ms: Mapping[str, float]
    latencies: int
    shelf: Mapping[str, Any]


def live_status(workspace: Workspace, live: Live) -> LiveStatus:
    """Read how the loop stands; it goes on meanwhile."""
    loop, told, lines = live.loop, live.loop.told, live.loop.lines
    took_s = np.array(list(told.latencies_s))
    latency = {}
    if len(took_s):
        low, high = np.quantile(took_s, (0.5, 0.99)) * _MS
        latency = {"p50": float(low), "p99": float(high)}
    return LiveStatus(
        models={
            name: {arm: line.version for arm, line in arms.items()}
            for name, arms in lines.items()
        },
        experiments={
            name: {
                "name": trial.name,
                "kind": trial.kind,
                "challenger": trial.challenger,
                "status": trial.status,
            }
            for name, trial in dict(loop.trials).items()
        },
        signals=told.signals,
        abstained=told.abstained,
        late=told.late,
        faults=told.faults,
        left_out=dict(told.left_out),
        trouble=dict(told.trouble),
        holding=sum(
            len(line.live.book) for arms in lines.values() for line in arms.values()
        ),
        latency_ms=latency,
        latencies=len(took_s),
        shelf={
            "position": live.shelf.behind,
            "last": workspace.journal.last_seq(workspace.principal, KIND),
            "trouble": live.shelf.trouble,
        },
    )
