"""Requests and answers of ``/api/v1/signals``."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from tradeloop.apps.api.wire import Numbers, Text, Wire


class SignalAnswer(BaseModel):
    """A signal, and where it stands."""

    key: str = Field(description="Unique within the tenant.")
    number: int | None = Field(
        description="In the catalog; null for the moment until it is there."
    )
    state: str = Field(description="active, expired or executed")
    symbol: str
    signal_type: str = Field(description="BUY, SELL or HOLD")
    confidence: float = Field(description="Calibrated, 0 to 1.")
    model_version: str
    created_at: datetime
    expires_at: datetime | None
    position_size: float | None = Field(description="Share of the capital.")
    target_price: float | None
    stop_loss: float | None
    reasoning: str
    performance: dict[str, Any] | None = Field(
        description="What came of it; null until it is settled."
    )


class ModelAnswer(BaseModel):
    """The version that gave a signal, and the one that serves now."""

    name: str
    version: str
    stage: str = Field(description="Empty if it is not registered.")
    champion: str = Field(description="Empty for none.")


class ExplainAnswer(BaseModel):
    """A signal with its feature row, its reasons, its model and its cause."""

    signal: SignalAnswer | None = Field(description="Null where it was not scored.")
    fields: dict[str, Any] = Field(description="As it is stored, in ns UTC.")
    features: Numbers = Field(description="The row it was made from; null is missing.")
    occlusion: dict[str, float] = Field(
        description="What the lead of its side loses without the column."
    )
    shapley: dict[str, float] = Field(
        description="Exact contributions to the logit of the lead; trees only."
    )
    note: str = Field(description="Why there are no contributions.")
    model: ModelAnswer
    cause: dict[str, Any] | None = Field(description="Bar or decision behind it.")


class ScoreRequest(Wire):
    """Ask the champions about the newest bar of a symbol, or about a decision."""

    symbol: Text
    decision_id: Text | None = None


class MemberLeftOut(BaseModel):
    """A member that did not vote."""

    member: str
    reason: str


class ScoredAnswer(BaseModel):
    """What one model says; it is not stored."""

    model: str
    version: str
    signal: dict[str, Any] = Field(description="All fields of the signal, in ns UTC.")
    members_left_out: list[MemberLeftOut]
    repeated: bool = Field(description="From memory: the same request came before.")
    stored: str = Field(description="Empty: it was not stored.")


class ScoreAnswer(BaseModel):
    """What the champions say, and why one says nothing."""

    signals: list[ScoredAnswer]
    left_out: dict[str, str]


class StatsAnswer(BaseModel):
    """How groups of signals did, beside no skill."""

    by: list[str]
    groups: list[dict[str, Any]]
    level: float = Field(description="Coverage of the intervals.")


class ShelfAnswer(BaseModel):
    """How far the catalog follows the journal."""

    position: int
    last: int
    trouble: str


class LiveAnswer(BaseModel):
    """How the live loop stands."""

    models: dict[str, dict[str, str]] = Field(
        description="Version at work by model and arm."
    )
    experiments: dict[str, dict[str, str]]
    signals: int
    abstained: int
    late: int
    faults: int
    left_out: dict[str, int]
    trouble: dict[str, str]
    holding: int
    latency_ms: dict[str, float] = Field(
        description="p50 and p99 from the receipt of an event to its stored signal."
    )
    latencies: int
    shelf: ShelfAnswer


class SettleAnswer(BaseModel):
    """What a settlement did."""

    settled: int
    before: int
    pending: int
    observed: dict[str, int] = Field(description="Outcomes told to each experiment.")
