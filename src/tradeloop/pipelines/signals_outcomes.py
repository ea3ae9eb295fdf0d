"""Signals of the journal as a frame, and what came of them on the captured bars.

A price counts from when it was known. A return that is held to be flat lies within the
neutral band of the labels; a band in multiples of the volatility counts as none here.
"""

from collections.abc import Iterable, Mapping
from math import log
from typing import Any

import numpy as np
import polars as pl

from tradeloop.pipelines.captured import captured_market
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.signal_events import KIND
from tradeloop.pipelines.workspace import Workspace
from tradeloop.signals import outcomes_of
from tradeloop.stores import StoredEvent

_AT_ONCE = 5_000
_REGIME = "regime_p_"
_LEAST = 1e-15
_PLAIN: dict[str, pl.DataType] = {
    "model_version": pl.String(),
    "side": pl.Int8(),
    "confidence": pl.Float64(),
    "horizon_ns": pl.Int64(),
    "status": pl.String(),
    "decision_id": pl.String(),
    "experiment": pl.String(),
    "arm": pl.String(),
    "other_side": pl.Int8(),
}
_RENAMED = {
    "key": "signal_id",
    "symbol": "instrument",
    "p_down": "probability_down",
    "p_flat": "probability_flat",
    "p_up": "probability_up",
    "other_down": "other_probability_down",
    "other_flat": "other_probability_flat",
    "other_up": "other_probability_up",
}
SCHEMA: dict[str, pl.DataType] = {
    **_PLAIN,
    **dict.fromkeys(("key", "symbol"), pl.String()),
    **dict.fromkeys(tuple(_RENAMED)[2:], pl.Float64()),
    "created_ns": pl.Int64(),
    "regime": pl.String(),
}
"""Columns of `journal_signals`; ``other_*`` are of the other arm of an experiment."""


def journal_signals(workspace: Workspace, symbol: str | None = None) -> pl.DataFrame:
    """Read the signals of the journal that were scored, in its order.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    symbol : str, optional
        Of this symbol only.

    Returns
    -------
    DataFrame
        With the columns of `SCHEMA`. ``regime`` is the likeliest one where the features
        of the model tell the chances of regimes, else null.
    """
    who, journal = workspace.principal, workspace.journal
    after, parts = 0, [pl.DataFrame(schema=SCHEMA)]
    while events := journal.events(who, KIND, after, _AT_ONCE):
        after = events[-1].seq
        parts.append(_frame(events, symbol))
    return pl.concat(parts)


def _frame(events: Iterable[StoredEvent], symbol: str | None) -> pl.DataFrame:
    rows = [
        _row(event)
        for event in events
        if "confidence" in event.body and symbol in {None, event.body["instrument"]}
    ]
    return pl.DataFrame(rows, schema=SCHEMA)


def _row(event: StoredEvent) -> dict[str, Any]:
    body = event.body
    named = {**{name: name for name in _PLAIN}, **_RENAMED}
    return {
        **{name: body.get(said) for name, said in named.items()},
        "created_ns": event.event_ns,
        "regime": _regime(body.get("features", {})),
    }


def _regime(features: Mapping[str, float]) -> str | None:
    chances = {
        name.removeprefix(_REGIME): value
        for name, value in features.items()
        if name.startswith(_REGIME)
    }
    return max(chances, key=lambda name: chances[name]) if chances else None


def judged(workspace: Workspace, rules: Rules, signals: pl.DataFrame) -> pl.DataFrame:
    """Judge signals by the bars that were captured.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    rules : Rules
        What a trade costs, and the neutral band.
    signals : DataFrame
        From `journal_signals`.

    Returns
    -------
    DataFrame
        The signals with the columns of `tradeloop.signals.outcomes_of`, null while
        pending.

    Raises
    ------
    NotFoundError
        No bars were captured.
    """
    bars = captured_market(workspace).market.bars
    close = pl.col("close")
    prices = bars.filter(close > 0, close.is_finite()).select(
        symbol="instrument", event_ns="received_ns", price="close"
    )
    held_ns = signals["horizon_ns"].to_numpy().astype(np.int64)
    costs = rules.costs
    paid = costs.round_trip_bps() + costs.financing_bps(held_ns)
    outcome = rules.outcome
    return outcomes_of(
        signals.with_columns(pl.Series("cost_bps", paid, pl.Float64())),
        prices,
        neutral_bps=outcome.neutral_bps if outcome.unit == "bps" else 0.0,
    )


def log_loss(row: Mapping[str, Any], prefix: str) -> float | None:
    """Return -ln of the probability of the direction that came, in nats.

    Parameters
    ----------
    row : mapping
        Of `judged`, settled.
    prefix : {"p", "other"}
        Whose probabilities.
    """
    came = {-1: "down", 0: "flat", 1: "up"}[int(row["direction"])]
    chance = row[f"{prefix}_{came}"]
    return None if chance is None else -log(max(float(chance), _LEAST))
