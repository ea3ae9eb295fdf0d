"""What ``tradeloop signals`` does."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

from tradeloop.apps.choosing import rules_of
from tradeloop.apps.commanding import commanded
from tradeloop.apps.rules import load_signal_rules
from tradeloop.apps.settings import load
from tradeloop.clock import LiveClock
from tradeloop.datasets import utc_text
from tradeloop.errors import BusyError, InputError
from tradeloop.pipelines.experimenting import Kind, Trial, begin, end, running
from tradeloop.pipelines.models_list import version_named
from tradeloop.pipelines.models_open import open_registry
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.serve import served_at
from tradeloop.pipelines.signals_explain import explain_signal
from tradeloop.pipelines.signals_list import STATES, ListedSignal, State, list_signals
from tradeloop.pipelines.signals_score import score_captured
from tradeloop.pipelines.signals_settle import settle_signals
from tradeloop.pipelines.signals_stats import signal_figures
from tradeloop.pipelines.workspace import Workspace, open_workspace

Answer = Mapping[str, Any]


@contextmanager
def looking(folder: Path) -> Iterator[tuple[Workspace, Rules]]:
    """Open a workspace beside whoever writes its journal.

    Raises
    ------
    NotFoundError
        There is none.
    """
    settings = load(folder)
    places, who = settings.places(folder), settings.acting()
    with open_registry(places, who, LiveClock()) as workspace:
        yield workspace, rules_of(settings, folder)


def listed(folder: Path, state: str, symbol: str | None, limit: int) -> Answer:
    """List signals, the newest first."""
    with looking(folder) as (workspace, _):
        found = list_signals(workspace, _state(state), symbol, limit=limit)
        return {"signals": [said(each) for each in found]}


def said(each: ListedSignal) -> dict[str, Any]:
    """Write a signal with its times as text."""
    told = each.as_mapping()
    ends_ns = each.expires_ns
    return {
        **told,
        "created": utc_text(each.created_ns),
        "expires": None if ends_ns is None else utc_text(ends_ns),
    }


def explained(folder: Path, name: str) -> Answer:
    """Explain one signal, by its number or its key."""
    with looking(folder) as (workspace, rules):
        found = explain_signal(workspace, rules, name)
        return {
            "signal": None if found.signal is None else said(found.signal),
            "fields": found.body,
            "features": found.features,
            "occlusion": found.occlusion,
            "shapley": found.shapley,
            "note": found.note,
            "model": asdict(found.model),
            "cause": found.cause,
        }


def scored(
    folder: Path, symbol: str | None, decision_id: str | None, *, store: bool
) -> Answer:
    """Score the newest captured bars, or a decision, by the champions.

    Raises
    ------
    BusyError
        They are to be stored, and a server holds the journal: it answers by itself.
    """
    with looking(folder):
        pass  # there is a workspace: nothing is made
    settings = load(folder)
    places, who = settings.places(folder), settings.acting()
    opened = open_workspace if store else open_registry
    rules = rules_of(settings, folder)
    with opened(places, who, LiveClock()) as workspace:
        found = score_captured(
            workspace,
            rules,
            symbol,
            decision_id=decision_id or "",
            store=store,
            signals=load_signal_rules(folder / settings.rules, rules),
        )
    return {
        "signals": [each.as_mapping() for each in found.signals],
        "left_out": dict(found.left_out),
    }


def figured(folder: Path, by: Sequence[str], symbol: str | None) -> Answer:
    """Sum up what came of the signals, by group."""
    with looking(folder) as (workspace, rules):
        found = signal_figures(workspace, rules, by, symbol=symbol)
    return {
        "by": list(found.by),
        "groups": [numbers(each) for each in found.groups],
        "level": found.level,
    }


def numbers(row: Answer) -> dict[str, Any]:
    """Write what is no number as null."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in row.items()
    }


def settled(folder: Path) -> Answer:
    """Settle signals; while a server holds the journal, it does it.

    Raises
    ------
    NotFoundError
        There is no workspace, or no bars were captured.
    """
    with looking(folder):
        pass
    settings = load(folder)
    places, who = settings.places(folder), settings.acting()
    try:
        with open_workspace(places, who, LiveClock()) as workspace:
            return asdict(settle_signals(workspace, rules_of(settings, folder)))
    except BusyError:
        address = served_at(places)
        if address is None:
            raise
        told: Answer = commanded(address, "/signals/settle", {})
        return told


def begun(folder: Path, model: str, version: str, kind: str) -> Answer:
    """Begin an experiment; a running server takes it up within a second."""
    with looking(folder) as (workspace, _):
        found = version_named(workspace, model, version).record
        trial = begin(workspace, found.name, found.version, _kind(kind))
        return standing(workspace, trial)


def shown(folder: Path, model: str | None) -> Answer:
    """Show the experiments that run, or that of one model."""
    with looking(folder) as (workspace, _):
        found = running(workspace)
        return {
            "experiments": [
                standing(workspace, trial)
                for name, trial in sorted(found.items())
                if model in {None, name}
            ]
        }


def ended(folder: Path, model: str, reason: str) -> Answer:
    """End the experiment on a model."""
    with looking(folder) as (workspace, _):
        trial = end(workspace, model, reason)
        return {**standing(workspace, trial), "status": "ended", "reason": reason}


def standing(workspace: Workspace, trial: Trial) -> dict[str, Any]:
    """Say where an experiment stands."""
    champions = workspace.catalog.models.champions(workspace.principal)
    figures = getattr(trial.state, "figures", None)
    judge = getattr(trial.state, "judge", None)
    return {
        "name": trial.name,
        "model": trial.model,
        "kind": trial.kind,
        "champion": champions.get(trial.model, ""),
        "challenger": trial.challenger,
        "status": trial.status,
        "figures": numbers(figures()) if figures else {},
        "verdict": judge().reason if judge else "",
    }


def _state(text: str) -> State:
    for state in STATES:
        if text == state:
            return state
    raise InputError(
        f"There is no state {text!r} of signals.",
        way_out=f"Known: {', '.join(STATES)}.",
        source="--state",
    )


def _kind(text: str) -> Kind:
    for kind in get_args(Kind):
        if text == kind:
            found: Kind = kind
            return found
    raise InputError(
        f"There is no experiment of the kind {text!r}.",
        way_out=f"Kinds: {', '.join(get_args(Kind))}.",
        source="--kind",
    )
