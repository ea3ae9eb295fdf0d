"""How long an event takes to become a stored signal, for the benchmark."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

import numpy as np
import polars as pl

from tradeloop.capture import Market
from tradeloop.clock import LiveClock, monotonic_s
from tradeloop.events import QUOTE, TRADE, Principal
from tradeloop.models import (
    Columns,
    Member,
    Meta,
    Model,
    Sequences,
    Vote,
    export_members,
    fit_calibration,
    places_of,
    write_artefact,
)
from tradeloop.pipelines.accept import Door
from tradeloop.pipelines.captured import captured_market
from tradeloop.pipelines.live_market import LiveMarket
from tradeloop.pipelines.live_open import Live, living
from tradeloop.pipelines.models_keep import NewModel, register_model
from tradeloop.pipelines.record import record_market
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.workspace import Places, Workspace, open_workspace
from tradeloop.signals import Policy
from tradeloop.signals.rules import SignalRules
from tradeloop.stores import Grounds
from tradeloop.stores.group_commit import GroupCommit

_WHO = Principal("bench", "bench")
_ROWS, _WARM, _PATIENCE_S = 600, 50, 60.0
_TRADING = SignalRules(gate=Policy(min_edge=0.0, min_confidence=0.0))
_NAME, _POLL_S = "bench", 0.0003


@dataclass(frozen=True, slots=True)
class LiveTimes:
    """What was measured, in seconds.

    Parameters
    ----------
    signals : list of float
        From the message at the door to the stored signal, one each.
    reads : list of float
        Reading the signals of an instrument that hold, from the loop's memory.
    promotion : float
        From the new champion in the registry to the first event that it answered.
    lost, doubled : int
        Bars without a signal, and bars with more than one.
    """

    signals: list[float]
    reads: list[float]
    promotion: float
    lost: int
    doubled: int


def live_times(
    folder: Path,
    bars: pl.DataFrame,
    interval_ns: int,
    members: Sequence[tuple[Model, float]],
    *,
    events: int,
    every_s: float = 0.0,
) -> LiveTimes:
    """Serve a vote, send the last bars one by one, and promote another meanwhile.

    Parameters
    ----------
    folder : Path
        For the workspace; empty.
    bars : polars.DataFrame
        Rows of the record BAR; all but the last are captured before.
    interval_ns : int
        Length of a bar.
    members : sequence of (Model, float)
        Who votes, with which weight; fitted on noise, since only time is measured.
    events : int
        Bars that are sent.
    every_s : float
        Pause after each; 0: each is sent as soon as the one before is answered.
    """
    places = Places(
        journal=folder / "journal.db",
        catalog=folder / "catalog.db",
        tracking=folder / "mlflow.db",
        lake=folder / "lake",
        artefacts=folder / "artefacts",
    )
    ordered = bars.sort("received_ns", "instrument")
    early, late = ordered.head(-events), ordered.tail(events)
    market = Market(early, QUOTE.empty(), TRADE.empty(), interval_ns, ())
    rules = Rules()
    with open_workspace(places, _WHO, LiveClock()) as workspace:
        record_market(workspace, market, None)
        bank = LiveMarket.of(captured_market(workspace), rules).bank
        columns = Columns(bank.names, bank.fingerprint)
        _champion(workspace, columns, members, seed=1, horizon_ns=10 * interval_ns)
        group = GroupCommit(workspace.journal)
        door = Door(group, workspace.clock)
        with living(workspace, group, rules, _TRADING) as live:
            door.heard = live.loop.heard
            sent = list(late.iter_rows(named=True))
            half = len(sent) // 2
            _send(door, live, sent[:half], every_s)
            first = _version(live)
            _champion(workspace, columns, members, seed=2, horizon_ns=10 * interval_ns)
            crowned_s, promotion = monotonic_s(), float("nan")
            for row in sent[half:]:
                _send(door, live, [row], every_s)
                if promotion != promotion and _version(live) != first:
                    promotion = monotonic_s() - crowned_s
            reads = [_read(live, sent[-1]) for _ in range(events)]
            times = list(live.loop.told.latencies_s)
        group.close()
        stored = workspace.journal.events(_WHO, "signal")
    keys = {(event.body["instrument"], event.event_ns) for event in stored}
    return LiveTimes(
        signals=times[_WARM:],
        reads=reads,
        promotion=promotion,
        lost=len(sent) - len(keys),
        doubled=len(stored) - len(keys),
    )


def _send(
    door: Door, live: Live, rows: Sequence[dict[str, object]], every_s: float
) -> None:
    """Send bars one after another; each waits for the signal of the one before."""
    told, pause = live.loop.told, Event()
    for row in rows:
        before = told.signals + told.abstained
        body = {k: v for k, v in row.items() if v is not None}
        message = {
            "specversion": "1.0",
            "id": f"{row['instrument']}-{row['event_ns']}",
            "source": "bench",
            "type": "tradeloop.bar.v1",
            "data": body,
        }
        door.send(_WHO, json.dumps(message).encode(), "json").receipts.result()
        until_s = monotonic_s() + _PATIENCE_S
        while told.signals + told.abstained == before and monotonic_s() < until_s:
            pause.wait(_POLL_S)  # the loop needs the interpreter
        if every_s:
            pause.wait(every_s)


def _version(live: Live) -> str:
    return live.loop.lines[_NAME]["champion"].version


def _read(live: Live, row: dict[str, object]) -> float:
    began_s = monotonic_s()
    now_ns = int(str(row["received_ns"]))
    for arms in live.loop.lines.values():
        for line in arms.values():
            line.live.book.active(now_ns, str(row["instrument"]))
    return monotonic_s() - began_s


def _champion(
    workspace: Workspace,
    columns: Columns,
    members: Sequence[tuple[Model, float]],
    *,
    seed: int,
    horizon_ns: int,
) -> None:
    draw = np.random.default_rng(seed)
    rows = draw.normal(size=(_ROWS, len(columns.names))).astype(np.float32)
    direction = draw.integers(-1, 2, _ROWS)
    steps = max(model.steps for model, _ in members)
    given = Sequences(rows, places_of(np.zeros(_ROWS), np.arange(_ROWS), steps))
    vote = Vote(
        tuple(
            Member(model.name, weight, model.fit(given, direction, columns=columns))
            for model, weight in members
        )
    )
    exports = export_members(vote, given)
    meta = Meta(
        name=_NAME,
        version="",
        columns=columns,
        horizon_ns=horizon_ns,
        dataset_version="0" * 64,
        seed=seed,
        parameters={},
        base_rates=(1 / 3, 1 / 3, 1 / 3),
        importance=vote.importance(),
        parity=max(each.parity for each in exports),
    )
    calibration = fit_calibration(vote.predict_proba(given), direction)
    new = NewModel(
        files=lambda version: write_artefact(
            vote, calibration, exports, replace(meta, version=version)
        ),
        name=_NAME,
    )
    kept = register_model(workspace, new)
    audit = workspace.audit("crown", _NAME)
    grounds = Grounds(reason="benchmark", approver=_WHO.name)
    workspace.catalog.models.crown(_WHO, _NAME, kept.version, grounds, audit)
