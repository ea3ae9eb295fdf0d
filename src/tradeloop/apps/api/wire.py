"""Requests and answers of the HTTP API, in the names of the contract."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from tradeloop.apps.api.kinds import FeatureType
from tradeloop.events import DatasetType, DecisionOutcome, MarketRegime
from tradeloop.features.normalise import Method


def _storable(time: datetime) -> datetime:
    """Refuse a time that nanoseconds in 64 bits cannot hold."""
    if not 1970 <= time.year <= 2200:  # noqa: PLR2004
        raise ValueError("the year must lie between 1970 and 2200")
    return time


Time = Annotated[AwareDatetime, AfterValidator(_storable)]
Text = Annotated[str, Field(min_length=1, max_length=200)]
Numbers = dict[str, float | None]


class Wire(BaseModel):
    """Base of all requests: unknown fields, NaN and infinities are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class CollectRequest(Wire):
    """Ask for everything that was known at a captured decision, and its outcome."""

    decision_id: Text
    include_tick_data: bool = False
    include_market_context: bool = True
    include_sentiment_data: bool = False
    lookback_minutes: Annotated[int, Field(ge=1, le=100_000_000)] | None = Field(
        None, description="History before the decision; all of it where absent."
    )
    lookahead_minutes: Annotated[int, Field(ge=1, le=10_000_000)] | None = Field(
        None, description="Horizon of the outcome; the workspace's where absent."
    )


class RawBar(Wire):
    """A bar as it comes: start, end by the next start or the interval, prices."""

    timestamp: Time = Field(description="Start of the bar, with its zone.")
    open: Annotated[float, Field(gt=0)]
    high: Annotated[float, Field(gt=0)]
    low: Annotated[float, Field(gt=0)]
    close: Annotated[float, Field(gt=0)]
    volume: Annotated[float, Field(ge=0)] | None = None
    bid: Annotated[float, Field(gt=0)] | None = None
    ask: Annotated[float, Field(gt=0)] | None = None
    bid_size: Annotated[float, Field(ge=0)] | None = None
    ask_size: Annotated[float, Field(ge=0)] | None = None


class RawData(Wire):
    """Bars of one instrument, oldest first."""

    symbol: Text
    interval: Annotated[str, Field(pattern=r"^\d+(ms|s|m|h|d|w)$")]
    bars: Annotated[list[RawBar], Field(min_length=1, max_length=100_000)]


class DecisionInput(Wire):
    """The part of a decision that features need: when, and on which side."""

    decision_id: Text = "unsaved"
    decision_timestamp: Time
    side: Literal[-1, 0, 1] = 0


class EngineerRequest(Wire):
    """Ask for the feature row of bars that came along with the request."""

    raw_data: RawData
    decision_context: DecisionInput
    feature_types: list[FeatureType] = Field(
        default_factory=list, description="Empty: all that the data allows."
    )
    normalization_method: Method = "none"


class LabelRequest(Wire):
    """Ask for the outcome of a captured decision."""

    decision_id: Text
    horizon_minutes: Annotated[int, Field(ge=1, le=10_000_000)] | None = None


class DecisionContext(BaseModel):
    """What was decided, and why."""

    decision_id: str
    signal_strength: float | None
    confidence_score: float | None
    risk_score: float | None
    position_size: float | None
    decision_timestamp: datetime
    decision_reasoning: str | None
    timeframe_consensus: dict[str, int]


class MarketContext(BaseModel):
    """The market as it was known at the decision."""

    market_regime: MarketRegime | None
    volatility_level: float | None
    liquidity_score: float | None
    sentiment_score: float | None
    technical_indicators: Numbers
    correlation_environment: Numbers
    economic_indicators: Numbers


class ExecutionContext(BaseModel):
    """What a trade would have met; null where the data holds no quotes."""

    order_book_imbalance: float | None
    bid_ask_spread: float | None
    market_impact_estimate: float | None
    venue_liquidity: Numbers
    execution_algorithm: str | None
    execution_parameters: dict[str, Any]


class OutcomeLabels(BaseModel):
    """What came of it; null while the future has not arrived."""

    decision_outcome: DecisionOutcome | None
    execution_quality: float | None
    cost_efficiency: float | None
    timing_quality: float | None
    risk_adjusted_return: float | None
    benchmark_outperformance: float | None
    attribution_factors: Numbers
    state: str
    reason: str | None
    horizon: str
    numbers: dict[str, Any]


class FeatureVector(BaseModel):
    """The features by category; null where the history was too short."""

    market_microstructure_features: Numbers
    sentiment_features: Numbers
    technical_features: Numbers
    risk_features: Numbers
    temporal_features: Numbers
    cross_asset_features: Numbers
    options_features: Numbers


class CollectAnswer(BaseModel):
    """The whole row of one decision, and the dataset that now holds it."""

    dataset_id: str | None = Field(
        description="Null while the outcome is not known: no label, no training row."
    )
    decision_context: DecisionContext
    market_context: MarketContext | None
    execution_context: ExecutionContext
    outcome_labels: OutcomeLabels
    feature_vector: FeatureVector
    data_quality_score: float


class FeatureMetadata(BaseModel):
    """What the features are; importance is absent where no model was trained."""

    feature_names: list[str]
    feature_types: dict[str, str]
    normalization_stats: dict[str, dict[str, float]]
    feature_importance: dict[str, float]
    correlation_matrix: dict[str, dict[str, float]]


class EngineerAnswer(BaseModel):
    """Features of the request's own bars."""

    feature_vector: FeatureVector
    feature_metadata: FeatureMetadata
    data_quality_metrics: dict[str, float]


class DatasetInfo(BaseModel):
    """One version of a dataset."""

    dataset_id: str
    dataset_type: DatasetType
    creation_timestamp: datetime
    sample_count: int
    feature_count: int
    label_distribution: dict[str, int]
    quality_score: float
    storage_location: str


class LabelAnswer(BaseModel):
    """The outcome of one decision and every number that led to it."""

    decision_id: str
    outcome_labels: OutcomeLabels


class Problem(BaseModel):
    """An error, RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str


class MessageResult(BaseModel):
    """What became of one message."""

    id: str
    status: Literal["stored", "duplicate", "conflict", "quarantined"]
    seq: int = Field(description="Place in the journal, or in its quarantine.")
    reason: str = Field("", description="Why it was set aside.")


class EventsAnswer(BaseModel):
    """What became of the messages of a request, all of it durable."""

    stored: int
    duplicate: int
    conflict: int
    quarantined: int
    results: list[MessageResult] = Field(description="In the order of the messages.")


class TicksAnswer(BaseModel):
    """What became of a batch of ticks, all of it durable."""

    status: Literal["stored", "duplicate", "conflict", "quarantined"] = Field(
        description="conflict: another batch came under this number and was kept; "
        "quarantined: no row of it keeps the rules."
    )
    rows: int = Field(description="Rows that were stored.")
    quarantined: int = Field(description="Rows that were set aside, with a reason.")


class LedgerAnswer(BaseModel):
    """Decisions: received, and where they stand."""

    received: int
    labelled: int
    pending: int
    censored: int
    quarantined: int


class StatusAnswer(BaseModel):
    """What came in, and where it stands."""

    decisions: LedgerAnswer
    balanced: bool = Field(
        description="received = labelled + pending + censored + quarantined"
    )
    events: dict[str, int] = Field(description="Stored events by kind.")
    ticks: dict[str, int] = Field(description="Rows in the lake by kind.")
    quarantined: dict[str, int] = Field(description="Quarantined rows by kind.")
    complete: bool = Field(description="No number of any source is missing.")
    broker: dict[str, Any] | None = Field(
        None, description="Between journal and broker; null without one."
    )


class SourceAnswer(BaseModel):
    """Numbers of one life of a source."""

    source: str
    epoch: int
    highest: int
    came: int


class GapAnswer(BaseModel):
    """Numbers of a source that never came."""

    source: str
    epoch: int
    expected: int
    missing: int
    ranges: list[tuple[int, int]]


class GapsAnswer(BaseModel):
    """Whether all numbers came."""

    complete: bool
    sources: list[SourceAnswer]
    gaps: list[GapAnswer]


class FileRequest(Wire):
    """Files of the server's machine, by their whole paths."""

    paths: Annotated[list[Text], Field(min_length=1, max_length=1_000)]
    columns: Text | None = None


class CaptureAnswer(BaseModel):
    """Counts of one kind of event."""

    kind: str
    expected: int
    captured: int
    quarantined: int
    duplicates: int
    conflicts: list[str]


class FileAnswer(BaseModel):
    """The account of one file and kind."""

    source: str
    capture: CaptureAnswer
    reasons: dict[str, int] = Field(description="Rows in quarantine by reason.")
    flags: list[dict[str, Any]] = Field(description="What cleaning flagged.")
    clocks: list[dict[str, Any]] = Field(description="Clocks that disagree, by venue.")
    notes: list[str]


class ReconcileRequest(Wire):
    """Compare the broker's stream with the journal."""

    repair: bool = False


class ReconcileAnswer(BaseModel):
    """What was found in the stream, and what was done about it."""

    found: dict[str, Any]
    repaired: int = Field(description="Messages that were published again.")
    complete: bool = Field(description="The stream holds everything now.")
