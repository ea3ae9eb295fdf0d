"""One signal: what was stored, what it answers, what spoke for it, what came of it.

- **Occlusion** asks the served model, all its members and its calibration: what would
  the lead of the side be without a column?
- **Shapley values** are exact where the model consists of boosted trees; they are in
  logits, before calibration.

Both rest on the feature row that was stored with the signal; what a member of several
steps saw before it comes from the captured bars.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tradeloop.errors import NotFoundError, TradeloopError
from tradeloop.models import Artefact, explain
from tradeloop.models.base import Floats
from tradeloop.models.contributions import is_exact
from tradeloop.pipelines.captured import captured_market
from tradeloop.pipelines.live_market import LiveMarket
from tradeloop.pipelines.models_load import load_model
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.signal_events import KIND
from tradeloop.pipelines.signals_list import ListedSignal, listed
from tradeloop.pipelines.signals_score import known_at
from tradeloop.pipelines.workspace import Workspace
from tradeloop.signals import Scorer, top_occluded
from tradeloop.stores import StoredEvent, StoredSignal

_AT_ONCE = 10_000
MarketAt = Callable[[int], LiveMarket]
"""Gives the market as it was known at a time, ns UTC, or later."""


@dataclass(frozen=True, slots=True)
class ModelBehind:
    """The version that gave a signal.

    Parameters
    ----------
    name, version, stage : str
        Which one, and its stage now; the stage is empty if it is not registered.
    champion : str
        Version that serves now; empty for none.
    """

    name: str
    version: str
    stage: str
    champion: str


@dataclass(frozen=True, slots=True)
class ExplainedSignal:
    """A signal and all that is known of it.

    Parameters
    ----------
    signal : ListedSignal or None
        As the catalog has it; None where it was not scored.
    body : mapping
        Every field as the journal has it; without one, as the catalog has it.
    features : mapping of str to float or None
        The row that it was made from; None is missing.
    occlusion : mapping of str to float
        What the lead of the side loses without the column, above 0: it spoke for it.
    shapley : mapping of str to float
        Exact contributions to the logit of the lead; empty where there are none.
    note : str
        Why there are no contributions; empty where there are.
    model : ModelBehind
        Who gave it.
    cause : mapping or None
        The bar or the decision that it answers, as the journal has it.
    """

    signal: ListedSignal | None
    body: dict[str, Any]
    features: dict[str, float | None]
    occlusion: dict[str, float]
    shapley: dict[str, float]
    note: str
    model: ModelBehind
    cause: dict[str, Any] | None


def find_signal(workspace: Workspace, name: str) -> ListedSignal:
    """Return a signal by its number or its key.

    Raises
    ------
    NotFoundError
        The tenant has no such signal that was scored.
    """
    stored = workspace.catalog.trading_signals.find(workspace.principal, name)
    return listed(stored, workspace.clock.now_ns())


def explain_signal(
    workspace: Workspace, rules: Rules, name: str, market_at: MarketAt | None = None
) -> ExplainedSignal:
    """Explain a signal.

    Parameters
    ----------
    workspace : Workspace
        Open stores; the journal is only read.
    rules : Rules
        Say which features; needed where a member looks at several steps.
    name : str
        Number in the catalog, or key.
    market_at : callable, optional
        Where the rows before come from; what was captured where absent.

    Raises
    ------
    NotFoundError
        There is no such signal.
    """
    stored, event = _found(workspace, name)
    body = _body(stored, event)
    told = body.get("features") or {}
    behind = _model(workspace, str(body["model_version"]))
    features: dict[str, float | None] = dict(told)
    occlusion: dict[str, float] = {}
    shapley: dict[str, float] = {}
    note = ""
    try:
        artefact = load_model(workspace, behind.name, behind.version)
        names = artefact.meta.columns.names
        features = {column: told.get(column) for column in names}
        if not told:
            raise NotFoundError("No feature row was stored with it.")
        past = market_at or _captured(workspace, rules)
        occlusion = _occluded(artefact, features, body, past)
        shapley = _shapley(artefact, features, int(body["side"]))
    except TradeloopError as error:
        note = str(error)
    now_ns = workspace.clock.now_ns()
    return ExplainedSignal(
        signal=None if stored is None else listed(stored, now_ns),
        body=body,
        features=features,
        occlusion=occlusion,
        shapley=shapley,
        note=note,
        model=behind,
        cause=None if event is None else _cause(workspace, event),
    )


def _found(
    workspace: Workspace, name: str
) -> tuple[StoredSignal | None, StoredEvent | None]:
    who, stored = workspace.principal, None
    try:
        stored = workspace.catalog.trading_signals.find(who, name)
        name = stored.signal.key
    except NotFoundError:
        # Not scored, or not in the catalog yet: the journal has it from its commit on.
        return None, workspace.journal.get(who, KIND, name)
    try:
        return stored, workspace.journal.get(who, KIND, name)
    except NotFoundError:
        return stored, None  # of a run, not of the live loop


def _body(stored: StoredSignal | None, event: StoredEvent | None) -> dict[str, Any]:
    if event is not None:
        return {**event.body, "created_ns": event.event_ns}
    assert stored is not None  # noqa: S101 - one of the two is there
    record = stored.signal
    side = {"BUY": 1, "SELL": -1}.get(str(record.signal_type), 0)
    return {
        "signal_id": record.key,
        "instrument": record.symbol,
        "signal_type": str(record.signal_type),
        "side": side,
        "confidence": record.confidence,
        "model_version": record.model_version,
        "created_ns": record.created_ns,
        "expires_ns": record.expires_ns,
        "target_price": record.target_price,
        "stop_loss": record.stop_loss,
        "position_size": record.position_size,
        "reasoning": record.reasoning,
        "features": dict(record.features),
    }


def _model(workspace: Workspace, said: str) -> ModelBehind:
    name, _, version = said.rpartition(" ")
    registry, who = workspace.catalog.models, workspace.principal
    champion = registry.champions(who).get(name, "")
    try:
        stage = str(registry.model(who, name, version).stage)
    except NotFoundError:
        stage = ""
    return ModelBehind(name, version, stage, champion)


def _occluded(
    artefact: Artefact,
    features: dict[str, float | None],
    body: dict[str, Any],
    market_at: MarketAt,
) -> dict[str, float]:
    scorer = Scorer.of(artefact)
    row = _row(features)
    given = row if scorer.steps == 1 else _steps(scorer, row, body, market_at)
    count = len(features)
    return dict(top_occluded(scorer, given, int(body["side"]), count=count))


def _shapley(
    artefact: Artefact, features: dict[str, float | None], side: int
) -> dict[str, float]:
    if any(m.estimator not in {"boosting", "light_boosting"} for m in artefact.members):
        return {}  # no trainer is loaded in vain
    fitted = artefact.fitted()
    if not is_exact(fitted):
        return {}
    found = explain(fitted, artefact.seen(_row(features)[None]))
    return dict(found.top(side, count=len(features)))


def _row(features: dict[str, float | None]) -> Floats:
    return np.array([np.nan if value is None else value for value in features.values()])


def _steps(
    scorer: Scorer, row: Floats, body: dict[str, Any], market_at: MarketAt
) -> Floats:
    """Put the rows of the bars before in front of the row that was scored."""
    symbol, created_ns = str(body["instrument"]), int(body["created_ns"])
    market = market_at(created_ns)
    values, times = market.past(symbol)
    values = values[times <= created_ns]
    steps = np.full((len(values), len(row)), np.nan)
    places = {name: at for at, name in enumerate(market.bank.names)}
    for at, name in enumerate(scorer.meta.columns.names):
        if name in places:
            steps[:, at] = values[:, places[name]]
    if not body.get("decision_id"):
        steps = steps[:-1]  # the newest of them is the row itself
    found = np.full((scorer.steps, len(row)), np.nan)
    kept = steps[max(len(steps) - scorer.steps + 1, 0) :]
    found[scorer.steps - 1 - len(kept) : scorer.steps - 1] = kept
    found[-1] = row
    return found


def _captured(workspace: Workspace, rules: Rules) -> MarketAt:
    return lambda at_ns: LiveMarket.of(
        known_at(captured_market(workspace), at_ns), rules
    )


def _cause(workspace: Workspace, event: StoredEvent) -> dict[str, Any] | None:
    who, journal = workspace.principal, workspace.journal
    decision_id = event.body.get("decision_id")
    if decision_id:
        try:
            return _told(journal.get(who, "decision", str(decision_id)))
        except NotFoundError:
            return None
    after = 0
    while bars := journal.events(who, "bar", after, _AT_ONCE):
        after = bars[-1].seq
        for bar in bars:
            mine = bar.body["instrument"] == event.body["instrument"]
            if mine and bar.received_ns == event.event_ns:
                return _told(bar)
    return None


def _told(event: StoredEvent) -> dict[str, Any]:
    return {
        "kind": event.kind,
        "event_id": event.event_id,
        "event_ns": event.event_ns,
        "received_ns": event.received_ns,
        **event.body,
    }
