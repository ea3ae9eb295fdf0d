"""Datasets, features, rules, quality reports, signals, and the audit log."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _columns(kind: sa.types.TypeEngine[Any], *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=False) for name in names]


def _text(length: int, *names: str) -> list[sa.Column[Any]]:
    return _columns(sa.String(length), *names)


def _json(*names: str) -> list[sa.Column[Any]]:
    return _columns(sa.JSON(), *names)


def _time(*names: str) -> list[sa.Column[Any]]:
    return _columns(sa.DateTime(timezone=True), *names)


def _uuid() -> sa.Column[Any]:
    return sa.Column("id", sa.Uuid(), primary_key=True)


def upgrade() -> None:
    _training_datasets()
    _feature_definitions()
    _labeling_rules()
    _data_quality_reports()
    _trading_signals()
    op.create_table(
        "audit_entries",
        sa.Column("seq", _SERIAL, primary_key=True, autoincrement=True),
        *_text(64, "tenant", "principal"),
        *_columns(sa.BigInteger(), "at_ns"),
        *_columns(sa.Text(), "action", "subject", "detail"),
        *_text(64, "content_sha"),
        *_columns(sa.BigInteger(), "recorded_ns"),
        *_text(64, "chain"),
        sqlite_autoincrement=True,
    )


def _training_datasets() -> None:
    op.create_table(
        "training_datasets",
        _uuid(),
        *_text(64, "tenant", "principal"),
        *_text(100, "dataset_id"),
        *_text(50, "dataset_type"),
        *_time("creation_timestamp"),
        *_columns(sa.BigInteger(), "sample_count"),
        *_columns(sa.Integer(), "feature_count"),
        *_json("label_distribution"),
        *_columns(sa.Double(), "quality_score"),
        *_text(500, "storage_location"),
        *_json("feature_schema", "label_schema"),
        *_time("created_at"),
        sa.UniqueConstraint("tenant", "dataset_id", name="uq_training_datasets_id"),
    )
    op.create_index(
        "idx_training_datasets_type_time",
        "training_datasets",
        ["dataset_type", sa.text("creation_timestamp DESC")],
    )


def _feature_definitions() -> None:
    op.create_table(
        "feature_definitions",
        _uuid(),
        *_text(64, "tenant", "principal"),
        *_text(100, "feature_name"),
        *_text(50, "feature_type", "feature_category"),
        *_columns(sa.Text(), "calculation_method"),
        *_text(50, "normalization_method"),
        *_json("data_sources"),
        *_columns(sa.Boolean(), "enabled"),
        *_time("created_at"),
        sa.UniqueConstraint(
            "tenant", "feature_name", name="uq_feature_definitions_name"
        ),
    )
    op.create_index(
        "idx_feature_definitions_category",
        "feature_definitions",
        ["feature_category", "enabled"],
    )


def _labeling_rules() -> None:
    op.create_table(
        "labeling_rules",
        _uuid(),
        *_text(64, "tenant", "principal"),
        *_text(100, "rule_name"),
        *_text(50, "rule_type"),
        *_json("criteria", "thresholds"),
        *_columns(sa.Boolean(), "enabled"),
        *_time("created_at"),
        sa.UniqueConstraint("tenant", "rule_name", name="uq_labeling_rules_name"),
    )
    op.create_index(
        "idx_labeling_rules_type", "labeling_rules", ["rule_type", "enabled"]
    )


def _data_quality_reports() -> None:
    op.create_table(
        "data_quality_reports",
        _uuid(),
        *_text(64, "tenant", "principal"),
        *_text(100, "dataset_id"),
        *_json("quality_metrics", "validation_results"),
        *_json("anomaly_results", "data_lineage"),
        *_time("report_timestamp", "created_at"),
        sa.ForeignKeyConstraint(
            ["tenant", "dataset_id"],
            ["training_datasets.tenant", "training_datasets.dataset_id"],
            name="fk_data_quality_dataset",
        ),
    )
    op.create_index(
        "idx_data_quality_dataset_time",
        "data_quality_reports",
        ["dataset_id", sa.text("report_timestamp DESC")],
    )


def _trading_signals() -> None:
    op.create_table(
        "trading_signals",
        sa.Column("id", _SERIAL, primary_key=True, autoincrement=True),
        *_text(64, "tenant", "principal"),
        *_text(300, "signal_key"),
        *_text(50, "symbol"),
        *_text(4, "signal_type"),
        *_columns(sa.Double(), "confidence"),
        sa.Column("target_price", sa.Double()),
        sa.Column("stop_loss", sa.Double()),
        sa.Column("position_size", sa.Double()),
        *_columns(sa.Text(), "reasoning"),
        *_text(100, "model_version"),
        *_json("features"),
        *_time("created_at"),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        *_columns(sa.Boolean(), "executed"),
        sa.Column("performance", sa.JSON()),
        *_time("recorded_at"),
        sa.UniqueConstraint("tenant", "signal_key", name="uq_trading_signals_key"),
        sa.CheckConstraint(
            "signal_type IN ('BUY', 'SELL', 'HOLD')", name="ck_signal_type"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "idx_signals_symbol_time",
        "trading_signals",
        ["symbol", sa.text("created_at DESC")],
    )
    op.create_index(
        "idx_signals_active",
        "trading_signals",
        ["expires_at"],
        sqlite_where=sa.text("NOT executed"),
        postgresql_where=sa.text("NOT executed"),
    )
