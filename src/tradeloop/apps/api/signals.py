"""``/api/v1/signals``: those that hold, their reasons, how they did, the live loop."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse

from tradeloop.apps.api.answers import time_of
from tradeloop.apps.api.commanded import commanded
from tradeloop.apps.api.wire_signals import (
    ExplainAnswer,
    LiveAnswer,
    ScoreAnswer,
    ScoreRequest,
    SettleAnswer,
    SignalAnswer,
    StatsAnswer,
)
from tradeloop.errors import BusyError
from tradeloop.pipelines.serve import Served
from tradeloop.pipelines.signals_active import ActiveSignals
from tradeloop.pipelines.signals_explain import explain_signal, find_signal
from tradeloop.pipelines.signals_list import ListedSignal, list_signals
from tradeloop.pipelines.signals_score import Inquiry, Scores, decision_named
from tradeloop.pipelines.signals_settle import settle_signals
from tradeloop.pipelines.signals_stats import signal_figures
from tradeloop.pipelines.signals_status import live_status
from tradeloop.signals.experiments import CHAMPION

router = APIRouter(prefix="/api/v1/signals", tags=["signals"])

Limit = Annotated[int, Query(ge=1, le=10_000)]
Symbol = Annotated[str | None, Query(min_length=1, max_length=200)]


def prepare(state: Any) -> None:
    """Give an application what its requests share."""
    state.active_signals = state.inquiry = None


def _served(request: Request) -> Served:
    served: Served = request.app.state.served
    return served


def active_of(served: Served, state: Any) -> ActiveSignals:
    """Return what knows the signals that hold, made at the first request."""
    if state.active_signals is None:
        state.active_signals = ActiveSignals(served.workspace, served.live)
    found: ActiveSignals = state.active_signals
    return found


@router.get("", response_model=list[SignalAnswer])
def listed(
    request: Request,
    symbol: Symbol = None,
    *,
    active: bool = True,
    limit: Limit = 100,
) -> Any:
    """List signals, the newest first: those that hold, or with active=false the others.

    Those that hold come from the memory of the live loop as soon as they are stored.
    """
    served = _served(request)
    if active:
        known = active_of(served, request.app.state)
        return JSONResponse(shown(known.holding(symbol, limit)))
    found = list_signals(served.workspace, "past", symbol, limit=limit)
    return JSONResponse(shown(found))


def shown(found: list[ListedSignal]) -> list[dict[str, Any]]:
    """Write a list of signals as JSON holds it, in the form of `SignalAnswer`."""
    return [_shown(each) for each in found]


def _shown(each: ListedSignal) -> dict[str, Any]:
    ends_ns = each.expires_ns
    return {
        "key": each.key,
        "number": each.number,
        "state": each.state,
        "symbol": each.symbol,
        "signal_type": each.signal_type,
        "confidence": each.confidence,
        "model_version": each.model_version,
        "created_at": time_of(each.created_ns).isoformat(),
        "expires_at": None if ends_ns is None else time_of(ends_ns).isoformat(),
        "position_size": each.position_size,
        "target_price": each.target_price,
        "stop_loss": each.stop_loss,
        "reasoning": each.reasoning,
        "performance": each.performance,
    }


@router.get("/stats", response_model=StatsAnswer)
def stats(
    request: Request,
    symbol: Symbol = None,
    by: Annotated[
        list[str] | None, Query(description="model, symbol, confidence, regime")
    ] = None,
) -> Any:
    """Show how signals did, by group, beside no skill, with intervals."""
    served = _served(request)
    found = signal_figures(
        served.workspace, served.rules, by or ("model",), symbol=symbol
    )
    groups = [numbers(each) for each in found.groups]
    return {"by": list(found.by), "groups": groups, "level": found.level}


def numbers(row: Mapping[str, Any]) -> dict[str, Any]:
    """Write what is no number as null."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in row.items()
    }


@router.get("/live", response_model=LiveAnswer)
def live(request: Request) -> Any:
    """Show who answers, how much, how fast, and what does not work."""
    served = _served(request)
    return asdict(live_status(served.workspace, served.live))


@router.post("/score", response_model=ScoreAnswer)
def score(request: Request, asked: ScoreRequest) -> Any:
    """Ask the champions at work about the newest bar, or a decision; nothing is stored.

    The same request again is answered from memory.
    """
    served = _served(request)
    return answered(scored(served, request.app.state, asked.symbol, asked.decision_id))


def scored(
    served: Served, state: Any, symbol: str, decision_id: str | None = None
) -> Scores:
    """Ask the versions at work of the running loop."""
    loop = served.live.loop
    market = loop.market
    champions = {
        name: arms[CHAMPION] for name, arms in loop.lines.items() if CHAMPION in arms
    }
    if not champions:
        raise BusyError("No model answers now. See /api/v1/signals/live.")
    inquiry: Inquiry | None = state.inquiry
    if inquiry is None or inquiry.market is not market:
        inquiry = state.inquiry = Inquiry(market, served.signals)
    decision = decision_named(served.workspace, decision_id) if decision_id else None
    versions = {name: (line.version, line.scorer) for name, line in champions.items()}
    return inquiry.ask(versions, symbol, decision)


def answered(found: Scores) -> dict[str, Any]:
    """Write answers as JSON holds them."""
    return {
        "signals": [each.as_mapping() for each in found.signals],
        "left_out": dict(found.left_out),
    }


@router.post("/settle", response_model=SettleAnswer)
def settle(request: Request, authorization: Annotated[str, Header()] = "") -> Any:
    """Settle signals whose horizon has passed, for ``tradeloop signals settle``."""
    served = commanded(request, authorization)
    trials = served.live.loop.trials
    return asdict(settle_signals(served.workspace, served.rules, trials))


@router.get("/{signal_id:path}/explain", response_model=ExplainAnswer)
def explained(request: Request, signal_id: str) -> Any:
    """Show all that is known of a signal: features, reasons, model, cause, outcome."""
    served = _served(request)
    loop = served.live.loop
    found = explain_signal(
        served.workspace, served.rules, signal_id, lambda _: loop.market
    )
    return {
        "signal": None if found.signal is None else _shown(found.signal),
        "fields": found.body,
        "features": found.features,
        "occlusion": found.occlusion,
        "shapley": found.shapley,
        "note": found.note,
        "model": asdict(found.model),
        "cause": found.cause,
    }


@router.get("/{signal_id:path}", response_model=SignalAnswer)
def one(request: Request, signal_id: str) -> Any:
    """Show one signal, by its number or its key."""
    return _shown(find_signal(_served(request).workspace, signal_id))
