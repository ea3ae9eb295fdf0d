"""A workspace with bars, and small champions for its bank."""

from dataclasses import replace

import numpy as np

from tradeloop.clock import NS_PER_DAY
from tradeloop.events import AuditEntry
from tradeloop.models import (
    Boosting,
    Columns,
    Forest,
    Lstm,
    Member,
    Meta,
    Sequences,
    Vote,
    export_members,
    fit_calibration,
    write_artefact,
)
from tradeloop.models.sequences import places_of
from tradeloop.pipelines.captured import captured_market
from tradeloop.pipelines.live_market import LiveMarket
from tradeloop.pipelines.models_keep import NewModel, register_model
from tradeloop.stores import Grounds

OWN = ("decision_side", "decision_signal_strength", "strategy_breakout")
STEPS = 4


def bank_of(workspace, rules):
    return LiveMarket.of(captured_market(workspace), rules).bank


def fitted_vote(columns, seed, *, steps):
    """Trees, and an LSTM where ``steps`` are asked for, on noise."""
    draw = np.random.default_rng(seed)
    rows = draw.normal(size=(150, len(columns.names)))
    direction = draw.integers(-1, 2, 150)
    places = places_of(np.zeros(150), np.arange(150), max(steps, 1))
    given = Sequences(rows.astype(np.float32), places)
    kinds = [Boosting(n_estimators=3, max_depth=2, random_state=seed)]
    kinds += [Forest(n_estimators=3, max_depth=3, random_state=seed)]
    if steps > 1:
        kinds += [Lstm(sequence=steps, hidden=4, epochs_without_held=1)]
    members = tuple(
        Member(kind.name, 1 / len(kinds), kind.fit(given, direction, columns=columns))
        for kind in kinds
    )
    return Vote(members), given, direction


def keep_champion(workspace, bank, name="mine", *, seed=1, own=(), steps=1):
    """Train, register and crown a version; return its name."""
    columns = Columns((*bank.names, *own), bank.fingerprint)
    vote, given, direction = fitted_vote(columns, seed, steps=steps)
    told = vote.predict_proba(given)
    exports = export_members(vote, given)
    meta = Meta(
        name=name,
        version="v1.0.0",
        columns=columns,
        horizon_ns=5 * NS_PER_DAY,
        dataset_version="d" * 64,
        seed=seed,
        parameters={},
        base_rates=(0.3, 0.4, 0.3),
        importance=vote.importance(),
        parity=max(each.parity for each in exports),
    )
    calibration = fit_calibration(told, direction)
    new = NewModel(
        files=lambda version: write_artefact(
            vote, calibration, exports, replace(meta, version=version)
        ),
        name=name,
    )
    kept = register_model(workspace, new)
    crown(workspace, name, kept.version)
    return kept.version


def crown(workspace, name, version):
    who = workspace.principal
    audit = AuditEntry(who, workspace.clock.now_ns(), "crown", name)
    workspace.catalog.models.crown(
        who, name, version, Grounds(reason="test", approver=who.name), audit
    )
