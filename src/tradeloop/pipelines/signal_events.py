"""A signal as the journal keeps it, and as the catalog shows it."""

from typing import Any

from tradeloop.events import SignalType
from tradeloop.signals import Signal
from tradeloop.stores import Event, SignalRecord, StoredEvent

KIND, SOURCE = "signal", "tradeloop"


def event_of(
    signal: Signal, experiment: str = "", arm: str = "", other: Signal | None = None
) -> Event:
    """Write a signal as an event; what is missing is left out.

    Parameters
    ----------
    signal : Signal
        Of any status.
    experiment, arm : str
        Experiment that chose the version, and its arm; empty for none.
    other : Signal, optional
        What the version of the other arm said.
    """
    low, high = signal.interval or (None, None)
    down, flat, up = signal.probabilities or (None, None, None)
    features = {} if signal.features is None else signal.features.as_mapping()
    body: dict[str, Any] = {
        "signal_id": signal.key,
        "instrument": signal.symbol,
        "signal_type": str(signal.signal_type),
        "side": signal.side,
        "confidence": signal.confidence,
        "confidence_low": low,
        "confidence_high": high,
        "probability_down": down,
        "probability_flat": flat,
        "probability_up": up,
        "horizon_ns": signal.horizon_ns,
        "expires_ns": signal.expires_ns,
        "target_price": signal.target_price,
        "stop_loss": signal.stop_loss,
        "position_size": signal.position_size,
        "reasoning": signal.reasoning,
        "model_version": signal.model_version,
        "status": str(signal.status),
        "abstain_reason": signal.abstain_reason or None,
        "status_reason": signal.status_reason or None,
        "decision_id": signal.decision_id or None,
        "experiment": experiment or None,
        "arm": arm or None,
        **_other(other),
        "features": {k: v for k, v in features.items() if v is not None} or None,
    }
    said = {name: value for name, value in body.items() if value is not None}
    return Event(signal.key, signal.created_ns, signal.created_ns, said)


def _other(signal: Signal | None) -> dict[str, Any]:
    if signal is None:
        return {}
    down, flat, up = signal.probabilities or (None, None, None)
    return {
        "other_model_version": signal.model_version,
        "other_side": signal.side,
        "other_probability_down": down,
        "other_probability_flat": flat,
        "other_probability_up": up,
    }


def record_of(event: StoredEvent) -> SignalRecord | None:
    """Read a stored signal for the catalog; None where it was not scored.

    The catalog holds what can be acted upon or judged: a row that was not scored has
    no confidence, and stands in the journal with its reason.
    """
    body = event.body
    if "confidence" not in body:
        return None
    return SignalRecord(
        symbol=body["instrument"],
        signal_type=SignalType(body["signal_type"]),
        confidence=body["confidence"],
        model_version=body["model_version"],
        created_ns=event.event_ns,
        features=body.get("features", {}),
        reasoning=body["reasoning"],
        target_price=body.get("target_price"),
        stop_loss=body.get("stop_loss"),
        position_size=body.get("position_size"),
        expires_ns=body["expires_ns"],
        signal_key=body["signal_id"],
    )
