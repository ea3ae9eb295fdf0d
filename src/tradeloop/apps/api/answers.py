"""From frames to the shapes of the contract."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from tradeloop.apps.api.wire import (
    CollectAnswer,
    DatasetInfo,
    DecisionContext,
    EngineerAnswer,
    ExecutionContext,
    FeatureMetadata,
    FeatureVector,
    LabelAnswer,
    MarketContext,
    OutcomeLabels,
    RawData,
)
from tradeloop.events import duration_ns
from tradeloop.pipelines.collected import Collected
from tradeloop.pipelines.engineer import Engineered, bars_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIELDS = {
    "microstructure": "market_microstructure_features",
    "sentiment": "sentiment_features",
    "technical": "technical_features",
    "risk": "risk_features",
    "temporal": "temporal_features",
    "cross_asset": "cross_asset_features",
    "options": "options_features",
}


def ns_of(time: datetime) -> int:
    """Nanoseconds UTC of a time with a zone."""
    return (time - _EPOCH) // timedelta(microseconds=1) * 1_000


def time_of(ns: int) -> datetime:
    """Time in UTC, to the microsecond."""
    return _EPOCH + timedelta(microseconds=ns // 1_000)


def raw_bars(raw: RawData) -> tuple[pl.DataFrame, int]:
    """Bars of a request, and their length in ns."""
    interval_ns = duration_ns(raw.interval)
    rows = [
        {"open_ns": ns_of(bar.timestamp), **bar.model_dump(exclude={"timestamp"})}
        for bar in raw.bars
    ]
    return bars_of(raw.symbol, interval_ns, rows), interval_ns


def collected(row: Collected) -> CollectAnswer:
    """Shape the answer of ``/collect``."""
    return CollectAnswer(
        dataset_id=row.dataset_id,
        decision_context=_decision(row.decision),
        market_context=None if row.market is None else _market(row.market),
        execution_context=_execution(row.execution),
        outcome_labels=outcome(row),
        feature_vector=vector(row.vector, row.categories),
        data_quality_score=row.quality.overall,
    )


def labelled(row: Collected) -> LabelAnswer:
    """Shape the answer of ``/label-outcome``."""
    return LabelAnswer(
        decision_id=row.decision["decision_id"][0], outcome_labels=outcome(row)
    )


def engineered(found: Engineered) -> EngineerAnswer:
    """Shape the answer of ``/engineer-features``."""
    return EngineerAnswer(
        feature_vector=vector(found.vector, found.categories),
        feature_metadata=FeatureMetadata(
            feature_names=list(found.vector),
            feature_types=found.categories,
            normalization_stats=found.statistics,
            feature_importance={},
            correlation_matrix=found.correlation,
        ),
        data_quality_metrics={
            "quality_score": found.quality.overall,
            **found.quality.as_mapping()["data_quality_metrics"],
        },
    )


def dataset_info(record: Any) -> DatasetInfo:
    """Shape one line of ``/datasets``."""
    return DatasetInfo(
        dataset_id=record.dataset_id,
        dataset_type=record.dataset_type,
        creation_timestamp=time_of(record.creation_ns),
        sample_count=record.sample_count,
        feature_count=record.feature_count,
        label_distribution=dict(record.label_distribution),
        quality_score=record.quality_score,
        storage_location=record.storage_location,
    )


def vector(
    values: dict[str, float | None], categories: dict[str, str]
) -> FeatureVector:
    """Sort features into the maps of the contract, by category."""
    parts: dict[str, dict[str, float | None]] = {f: {} for f in _FIELDS.values()}
    for name, value in values.items():
        parts[_FIELDS[categories[name]]][name] = value
    return FeatureVector(**parts)


def outcome(row: Collected) -> OutcomeLabels:
    """Shape the outcome; what is not known is null."""
    found = row.outcome.row(0, named=True)
    return OutcomeLabels(
        decision_outcome=found["decision_outcome"],
        execution_quality=found.get("execution_quality"),
        cost_efficiency=found.get("cost_efficiency"),
        timing_quality=found.get("timing_quality"),
        risk_adjusted_return=found.get("risk_adjusted_return"),
        benchmark_outperformance=found.get("benchmark_outperformance"),
        attribution_factors=_map(found.get("attribution_factors")),
        state=found["state"],
        reason=found["reason"],
        horizon=row.horizon,
        numbers=row.numbers,
    )


def _map(text: str | None) -> dict[str, Any]:
    return {} if text is None else dict(json.loads(text))


def _decision(frame: pl.DataFrame) -> DecisionContext:
    found = frame.row(0, named=True)
    return DecisionContext(
        **{n: found[n] for n in DecisionContext.model_fields if n in _PLAIN},
        decision_timestamp=time_of(found["event_ns"]),
        timeframe_consensus=_map(found["timeframe_consensus"]),
    )


_PLAIN = (
    "decision_id",
    "signal_strength",
    "confidence_score",
    "risk_score",
    "position_size",
    "decision_reasoning",
)


def _shaped(frame: pl.DataFrame, maps: tuple[str, ...]) -> dict[str, Any]:
    """Read the one row; the columns of JSON text become maps."""
    found = frame.row(0, named=True)
    return {n: _map(v) if n in maps else v for n, v in found.items()}


def _market(frame: pl.DataFrame) -> MarketContext:
    maps = ("technical_indicators", "correlation_environment", "economic_indicators")
    return MarketContext.model_validate(_shaped(frame, maps))


def _execution(frame: pl.DataFrame) -> ExecutionContext:
    maps = ("venue_liquidity", "execution_parameters")
    return ExecutionContext.model_validate(_shaped(frame, maps))
