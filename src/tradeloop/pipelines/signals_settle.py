"""What came of signals, written beside them, and told to running experiments.

1. A signal is settled once its horizon has passed on the captured bars, by the costs
   and the neutral band of the workspace. What was settled is not settled again.
2. A signal of a running experiment counts there first: an experiment counts a signal
   once, so that after a crash between the two it is simply told again.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from tradeloop.pipelines.experimenting import RUNNING, Trial, keep, running
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.shelf import Shelf
from tradeloop.pipelines.signals_outcomes import journal_signals, judged, log_loss
from tradeloop.pipelines.workspace import Workspace
from tradeloop.signals.experiments import CHALLENGER
from tradeloop.signals.experiments import Settled as SettledPair

_EVERY = 10**9
_AT_ONCE = 10_000
_Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a settlement did.

    Parameters
    ----------
    settled : int
        Signals whose outcome was written now.
    before : int
        Signals that were settled earlier.
    pending : int
        Signals whose horizon has not passed on the captured bars.
    observed : mapping of str to int
        Outcomes that each experiment was told now.
    """

    settled: int
    before: int
    pending: int
    observed: Mapping[str, int]


def settle_signals(
    workspace: Workspace, rules: Rules, trials: Mapping[str, Trial] | None = None
) -> Settlement:
    """Settle the signals of the journal whose horizon has passed.

    Parameters
    ----------
    workspace : Workspace
        Open stores; the journal is only read.
    rules : Rules
        What a trade costs, and the neutral band.
    trials : mapping of str to Trial, optional
        Running experiments by model, such as those of a live loop; those of the
        catalog where absent.

    Raises
    ------
    NotFoundError
        No bars were captured.
    """
    Shelf(workspace).go_on()  # what no server has written down yet
    signals = journal_signals(workspace)
    waiting = _unsettled(workspace)
    mine = signals.filter(pl.col("key").is_in(list(waiting)))
    before = signals.height - mine.height
    if mine.is_empty():
        return Settlement(0, before, 0, {})
    rows = judged(workspace, rules, mine)
    came = rows.filter(pl.col("return_bps").is_not_null()).to_dicts()
    at_work = running(workspace) if trials is None else trials
    observed = _tell(workspace, at_work, came)
    settled = workspace.catalog.trading_signals.settle(
        workspace.principal,
        {row["key"]: _performance(row) for row in came},
        workspace.audit("settle", "signals", rows=len(came)),
    )
    return Settlement(settled, before, rows.height - len(came), observed)


def _unsettled(workspace: Workspace) -> set[str]:
    catalog, who = workspace.catalog, workspace.principal
    found = (
        catalog.signals(who, limit=_EVERY),
        catalog.trading_signals.past(who, limit=_EVERY),
    )
    return {
        each.signal.key
        for part in found
        for each in part
        if each.signal.performance is None
    }


def _performance(row: _Row) -> dict[str, Any]:
    names = ("return_bps", "net_bps", "direction", "hit", "brier")
    return {
        **{name: row[name] for name in names},
        "log_loss": log_loss(row, "p"),
        "settled_ns": row["created_ns"] + row["horizon_ns"],
    }


def _tell(
    workspace: Workspace, trials: Mapping[str, Trial], came: list[dict[str, Any]]
) -> dict[str, int]:
    """Tell running experiments what came of their signals, and write them down."""
    by_name = {trial.name: trial for trial in trials.values()}
    told = [
        row
        for row in came
        if row["experiment"] in by_name and row["other_up"] is not None
    ]
    units = _units(workspace, told)
    counts: Counter[str] = Counter()
    for row in told:
        trial, unit = by_name[row["experiment"]], units.get(row["key"])
        if unit is not None and trial.status == RUNNING:
            trial.settled(_pair(row, unit), row["net_bps"])
            counts[trial.name] += 1
    for name, count in counts.items():
        keep(workspace, by_name[name], f"{count} signals settled")
    return dict(counts)


def _pair(row: _Row, unit: str) -> SettledPair:
    """Compare both arms on one signal, challenger less champion."""
    other_side = row["other_side"] or 0
    paid = row["cost_bps"] if other_side else 0.0
    other_net = other_side * row["return_bps"] - paid
    own_loss, other_loss = log_loss(row, "p"), log_loss(row, "other")
    sign = 1 if row["arm"] == CHALLENGER else -1
    return SettledPair(
        id=row["key"],
        unit=unit,
        created_ns=row["created_ns"],
        log_loss_difference=sign * ((own_loss or 0.0) - (other_loss or 0.0)),
        pnl_difference_bps=sign * (row["net_bps"] - other_net),
        at_ns=row["created_ns"] + row["horizon_ns"],
    )


def _units(workspace: Workspace, rows: list[dict[str, Any]]) -> dict[str, str]:
    """Find the event that each signal answers: by it, its arm was chosen."""
    found = {row["key"]: row["decision_id"] for row in rows if row["decision_id"]}
    wanted = {
        (row["symbol"], row["created_ns"]): row["key"]
        for row in rows
        if not row["decision_id"]
    }
    after, who = 0, workspace.principal
    while wanted and (bars := workspace.journal.events(who, "bar", after, _AT_ONCE)):
        after = bars[-1].seq
        for bar in bars:
            key = wanted.pop((bar.body["instrument"], bar.received_ns), None)
            if key is not None:
                found[key] = bar.event_id
    return found
