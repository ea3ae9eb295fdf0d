"""A workspace with bars of two instruments and small models that answer them."""

from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl

from tradeloop.clock import NS_PER_HOUR
from tradeloop.events import BAR, DECISION
from tradeloop.models import (
    Boosting,
    Columns,
    Meta,
    export_onnx,
    fit_calibration,
    write_artefact,
)
from tradeloop.models.checks import training_rows
from tradeloop.pipelines.captured import captured_market
from tradeloop.pipelines.live_market import LiveMarket
from tradeloop.pipelines.models_keep import keep_model
from tradeloop.pipelines.register import _crown
from tradeloop.pipelines.rules import ModelRule, Rules
from tradeloop.stores import Event

RULES = Rules(model=ModelRule(min_edge=1e-6))
SYMBOLS = ("AAA", "BBB")
BARS, HORIZON_NS, WIDTH = 100, 3 * NS_PER_HOUR, 5
START_NS = 1_699_000_000_000_000_000 // NS_PER_HOUR * NS_PER_HOUR


@cache
def walk(symbol):
    """Prices of an instrument, hour by hour."""
    draw = np.random.default_rng(SYMBOLS.index(symbol))
    steps = draw.normal(0, 0.004, 2 * BARS)
    return 100 * np.exp(np.cumsum(steps))


def bar(symbol, k):
    """The event of a bar; it is known a second after its end."""
    opened, closed = walk(symbol)[k], walk(symbol)[k + 1]
    at_ns = START_NS + k * NS_PER_HOUR
    body = {
        "instrument": symbol,
        "open_ns": at_ns - NS_PER_HOUR,
        "open": opened,
        "high": max(opened, closed) * 1.001,
        "low": min(opened, closed) * 0.999,
        "close": closed,
        "volume": 1_000.0 + 10 * k,
    }
    return Event(f"{symbol}-{k}", at_ns, at_ns + 10**9, body)


def decision(k, symbol="AAA", side=1):
    """A decision ten minutes after a bar."""
    at_ns = START_NS + k * NS_PER_HOUR + NS_PER_HOUR // 6
    body = {
        "instrument": symbol,
        "side": side,
        "strategy": "own",
        "confidence_score": 0.7,
    }
    return Event(f"d{k}", at_ns, at_ns + 1, body)


def tell(workspace, kind, events):
    """Store events as they are."""
    receipts = workspace.journal.append(
        workspace.principal, kind, "given", events, workspace.audit("give", kind)
    )
    assert {each.status for each in receipts} <= {"stored", "duplicate"}


def tell_bars(workspace, first=0, last=BARS):
    """Store the bars of both instruments, hour by hour."""
    events = [bar(symbol, k) for k in range(first, last) for symbol in SYMBOLS]
    tell(workspace, BAR.kind, events)


def tell_decisions(workspace, *events):
    """Store decisions."""
    tell(workspace, DECISION.kind, events)


def market_of(workspace, rules=RULES):
    """The market as captured."""
    return LiveMarket.of(captured_market(workspace), rules)


def keep_champion(workspace, bank, *, name="boost", seed=1, own=(), crown=True):
    """Register a model of the first columns of a bank, and crown it."""
    names = (*bank.names[: WIDTH - len(own)], *own)
    columns = Columns(names, bank.fingerprint)
    kept = keep_model(workspace, _packed(name, seed, columns), name=name)
    if crown:
        _crown(workspace, kept)
    return kept.version


@cache
def _fitted(seed, columns):
    features, direction = training_rows(seed, n_rows=120)
    features = features[:, :WIDTH]
    fitted = Boosting(n_estimators=3, max_depth=2, random_state=seed).fit(
        features, direction, columns=columns
    )
    calibration = fit_calibration(fitted.predict_proba(features), direction)
    rates = tuple(float((direction == side).mean()) for side in (-1, 0, 1))
    return fitted, calibration, export_onnx(fitted, features), rates


def _packed(name, seed, columns):
    fitted, calibration, export, rates = _fitted(seed, columns)
    meta = Meta(
        name=name,
        version="",
        columns=columns,
        horizon_ns=HORIZON_NS,
        dataset_version=f"data-{seed}",
        seed=seed,
        parameters={},
        base_rates=rates,
        importance=fitted.importance(),
        parity=export.parity,
    )

    def files(version):
        about = replace(meta, version=version)
        return write_artefact(fitted, calibration, export, about)

    return files


def closes(symbol):
    """When each close is known, and the close."""
    events = [bar(symbol, k) for k in range(BARS)]
    return pl.DataFrame(
        {
            "at": [event.received_ns for event in events],
            "close": [event.body["close"] for event in events],
        }
    )
