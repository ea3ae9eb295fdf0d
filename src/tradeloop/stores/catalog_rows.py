"""Rows of the catalog's tables to records and back."""

from typing import Any

from tradeloop.events import AuditEntry, DatasetType, Principal, SignalType
from tradeloop.stores.records import (
    DatasetRecord,
    FeatureDefinition,
    ImportanceRecord,
    LabelingRule,
    QualityRecord,
    SignalRecord,
    StoredSignal,
)

Row = dict[str, Any]
_NS_PER_US = 1_000


def _floor_us(ns: int | None) -> int | None:
    """Round down to the microsecond, as SQL keeps it."""
    return None if ns is None else ns // _NS_PER_US * _NS_PER_US


def dataset_row(record: DatasetRecord) -> Row:
    """Write a dataset as a row of ``training_datasets``."""
    return {
        "dataset_id": record.dataset_id,
        "dataset_type": str(record.dataset_type),
        "creation_timestamp": _floor_us(record.creation_ns),
        "sample_count": record.sample_count,
        "feature_count": record.feature_count,
        "label_distribution": dict(record.label_distribution),
        "quality_score": record.quality_score,
        "storage_location": record.storage_location,
        "feature_schema": dict(record.feature_schema),
        "label_schema": dict(record.label_schema),
    }


def dataset(row: Row) -> DatasetRecord:
    """Read a row of ``training_datasets``."""
    return DatasetRecord(
        dataset_id=row["dataset_id"],
        dataset_type=DatasetType(row["dataset_type"]),
        creation_ns=row["creation_timestamp"],
        sample_count=row["sample_count"],
        feature_count=row["feature_count"],
        label_distribution=row["label_distribution"],
        quality_score=row["quality_score"],
        storage_location=row["storage_location"],
        feature_schema=row["feature_schema"],
        label_schema=row["label_schema"],
    )


def feature_row(record: FeatureDefinition) -> Row:
    """Write a feature as a row of ``feature_definitions``."""
    return {
        "feature_name": record.feature_name,
        "feature_type": record.feature_type,
        "feature_category": record.feature_category,
        "calculation_method": record.calculation_method,
        "normalization_method": record.normalization_method,
        "data_sources": list(record.data_sources),
        "enabled": record.enabled,
    }


def feature(row: Row) -> FeatureDefinition:
    """Read a row of ``feature_definitions``."""
    return FeatureDefinition(
        feature_name=row["feature_name"],
        feature_type=row["feature_type"],
        feature_category=row["feature_category"],
        calculation_method=row["calculation_method"],
        normalization_method=row["normalization_method"],
        data_sources=tuple(row["data_sources"]),
        enabled=row["enabled"],
    )


def rule_row(record: LabelingRule) -> Row:
    """Write a rule as a row of ``labeling_rules``."""
    return {
        "rule_name": record.rule_name,
        "rule_type": record.rule_type,
        "criteria": dict(record.criteria),
        "thresholds": dict(record.thresholds),
        "enabled": record.enabled,
    }


def rule(row: Row) -> LabelingRule:
    """Read a row of ``labeling_rules``."""
    return LabelingRule(
        rule_name=row["rule_name"],
        rule_type=row["rule_type"],
        criteria=row["criteria"],
        thresholds=row["thresholds"],
        enabled=row["enabled"],
    )


def quality_row(record: QualityRecord) -> Row:
    """Write a report as a row of ``data_quality_reports``."""
    return {
        "dataset_id": record.dataset_id,
        "report_timestamp": _floor_us(record.report_ns),
        "quality_metrics": dict(record.quality_metrics),
        "validation_results": dict(record.validation_results),
        "anomaly_results": dict(record.anomaly_results),
        "data_lineage": dict(record.data_lineage),
    }


def quality(row: Row) -> QualityRecord:
    """Read a row of ``data_quality_reports``."""
    return QualityRecord(
        dataset_id=row["dataset_id"],
        report_ns=row["report_timestamp"],
        quality_metrics=row["quality_metrics"],
        validation_results=row["validation_results"],
        anomaly_results=row["anomaly_results"],
        data_lineage=row["data_lineage"],
    )


def importance_row(record: ImportanceRecord) -> Row:
    """Write an importance as a row of ``feature_importance_ts``."""
    return {
        "timestamp": _floor_us(record.at_ns),
        "feature_name": record.feature_name,
        "dataset_type": str(record.dataset_type),
        "importance_score": record.importance_score,
        "correlation_with_outcome": record.correlation_with_outcome,
        "information_gain": record.information_gain,
        "mutual_information": record.mutual_information,
    }


def importance_key(row: Row) -> str:
    """Give what tells a row of ``feature_importance_ts`` from others of its tenant."""
    return f"{row['dataset_type']}:{row['timestamp']}:{row['feature_name']}"


def importance(row: Row) -> ImportanceRecord:
    """Read a row of ``feature_importance_ts``."""
    return ImportanceRecord(
        at_ns=row["timestamp"],
        feature_name=row["feature_name"],
        dataset_type=DatasetType(row["dataset_type"]),
        importance_score=row["importance_score"],
        correlation_with_outcome=row["correlation_with_outcome"],
        information_gain=row["information_gain"],
        mutual_information=row["mutual_information"],
    )


def signal_row(record: SignalRecord) -> Row:
    """Write a signal as a row of ``trading_signals``."""
    performance = record.performance
    return {
        "signal_key": record.key,
        "symbol": record.symbol,
        "signal_type": str(record.signal_type),
        "confidence": record.confidence,
        "target_price": record.target_price,
        "stop_loss": record.stop_loss,
        "position_size": record.position_size,
        "reasoning": record.reasoning,
        "model_version": record.model_version,
        "features": dict(record.features),
        "created_at": _floor_us(record.created_ns),
        "expires_at": _floor_us(record.expires_ns),
        "executed": record.executed,
        "performance": None if performance is None else dict(performance),
    }


def signal(row: Row) -> StoredSignal:
    """Read a row of ``trading_signals``."""
    record = SignalRecord(
        signal_key=row["signal_key"],
        symbol=row["symbol"],
        signal_type=SignalType(row["signal_type"]),
        confidence=row["confidence"],
        target_price=row["target_price"],
        stop_loss=row["stop_loss"],
        position_size=row["position_size"],
        reasoning=row["reasoning"],
        model_version=row["model_version"],
        features=row["features"],
        created_ns=row["created_at"],
        expires_ns=row["expires_at"],
        executed=row["executed"],
        performance=row["performance"],
    )
    return StoredSignal(row["id"], Principal(row["tenant"], row["principal"]), record)


def audit_entry(row: Row) -> AuditEntry:
    """Read a row of ``audit_entries``."""
    return AuditEntry(
        Principal(row["tenant"], row["principal"]),
        row["at_ns"],
        row["action"],
        row["subject"],
        row["detail"],
    )
