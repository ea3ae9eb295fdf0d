"""The catalog's tables: the contract's names and types, with tenant and principal."""

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.schema import SchemaItem

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NS_PER_US = 1_000


class UtcNs(sa.TypeDecorator[int]):
    """A UTC time in SQL, int64 ns in Python; SQL keeps microseconds, rounded down."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: int | None, _dialect: Any) -> datetime | None:
        """Turn ns into a UTC time."""
        if value is None:
            return None
        return _EPOCH + timedelta(microseconds=value // _NS_PER_US)

    def process_result_value(self, value: datetime | None, _dialect: Any) -> int | None:
        """Turn a UTC time into ns; SQLite gives it back without its zone."""
        if value is None:
            return None
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return (aware - _EPOCH) // timedelta(microseconds=1) * _NS_PER_US


METADATA = sa.MetaData()
_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WIDE = sa.BigInteger()


def _text(name: str, length: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=False)


def _json(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(none_as_null=True), nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, UtcNs(), nullable=nullable)


def _owned(name: str, key: sa.Column[Any], *parts: SchemaItem) -> sa.Table:
    """Make a table of which every row belongs to a tenant."""
    owner = (_text("tenant", 64), _text("principal", 64))
    # No number is given twice: only a serial key is affected.
    return sa.Table(name, METADATA, key, *owner, *parts, sqlite_autoincrement=True)


def _uuid() -> sa.Column[Any]:
    return sa.Column("id", sa.Uuid(), primary_key=True)


DATASETS = _owned(
    "training_datasets",
    _uuid(),
    _text("dataset_id", 100),
    _text("dataset_type", 50),
    _time("creation_timestamp"),
    sa.Column("sample_count", _WIDE, nullable=False),
    sa.Column("feature_count", sa.Integer(), nullable=False),
    _json("label_distribution"),
    sa.Column("quality_score", sa.Double(), nullable=False),
    _text("storage_location", 500),
    _json("feature_schema"),
    _json("label_schema"),
    _time("created_at"),
    sa.UniqueConstraint("tenant", "dataset_id", name="uq_training_datasets_id"),
    sa.Index(
        "idx_training_datasets_type_time",
        "dataset_type",
        sa.text("creation_timestamp DESC"),
    ),
)

FEATURES = _owned(
    "feature_definitions",
    _uuid(),
    _text("feature_name", 100),
    _text("feature_type", 50),
    _text("feature_category", 50),
    sa.Column("calculation_method", sa.Text(), nullable=False),
    _text("normalization_method", 50),
    _json("data_sources"),
    sa.Column("enabled", sa.Boolean(), nullable=False),
    _time("created_at"),
    sa.UniqueConstraint("tenant", "feature_name", name="uq_feature_definitions_name"),
    sa.Index("idx_feature_definitions_category", "feature_category", "enabled"),
)

RULES = _owned(
    "labeling_rules",
    _uuid(),
    _text("rule_name", 100),
    _text("rule_type", 50),
    _json("criteria"),
    _json("thresholds"),
    sa.Column("enabled", sa.Boolean(), nullable=False),
    _time("created_at"),
    sa.UniqueConstraint("tenant", "rule_name", name="uq_labeling_rules_name"),
    sa.Index("idx_labeling_rules_type", "rule_type", "enabled"),
)

RULE_VERSIONS = _owned(
    "labeling_rule_versions",
    _uuid(),
    _text("rule_name", 100),
    sa.Column("version", sa.Integer(), nullable=False),
    _text("rule_type", 50),
    _json("criteria"),
    _json("thresholds"),
    sa.Column("enabled", sa.Boolean(), nullable=False),
    _time("created_at"),
    sa.UniqueConstraint(
        "tenant", "rule_name", "version", name="uq_labeling_rule_versions"
    ),
)

QUALITY = _owned(
    "data_quality_reports",
    _uuid(),
    _text("dataset_id", 100),
    _json("quality_metrics"),
    _json("validation_results"),
    _json("anomaly_results"),
    _json("data_lineage"),
    _time("report_timestamp"),
    _time("created_at"),
    sa.ForeignKeyConstraint(
        ["tenant", "dataset_id"],
        ["training_datasets.tenant", "training_datasets.dataset_id"],
        name="fk_data_quality_dataset",
    ),
    sa.Index(
        "idx_data_quality_dataset_time", "dataset_id", sa.text("report_timestamp DESC")
    ),
)

IMPORTANCE = _owned(
    "feature_importance_ts",
    _uuid(),
    _time("timestamp"),
    _text("feature_name", 100),
    _text("dataset_type", 50),
    sa.Column("importance_score", sa.Double(), nullable=False),
    sa.Column("correlation_with_outcome", sa.Double()),
    sa.Column("information_gain", sa.Double()),
    sa.Column("mutual_information", sa.Double()),
    _time("created_at"),
    sa.UniqueConstraint(
        "tenant",
        "dataset_type",
        "feature_name",
        "timestamp",
        name="uq_feature_importance_time",
    ),
    sa.Index(
        "idx_feature_importance_name_time", "feature_name", sa.text("timestamp DESC")
    ),
)

SIGNALS = _owned(
    "trading_signals",
    sa.Column("id", _SERIAL, primary_key=True, autoincrement=True),
    _text("signal_key", 300),
    _text("symbol", 50),
    _text("signal_type", 4),
    sa.Column("confidence", sa.Double(), nullable=False),
    sa.Column("target_price", sa.Double()),
    sa.Column("stop_loss", sa.Double()),
    sa.Column("position_size", sa.Double()),
    sa.Column("reasoning", sa.Text(), nullable=False),
    _text("model_version", 100),
    _json("features"),
    _time("created_at"),
    _time("expires_at", nullable=True),
    sa.Column("executed", sa.Boolean(), nullable=False),
    _json("performance", nullable=True),
    _time("recorded_at"),
    sa.UniqueConstraint("tenant", "signal_key", name="uq_trading_signals_key"),
    sa.CheckConstraint("signal_type IN ('BUY', 'SELL', 'HOLD')", name="ck_signal_type"),
    sa.Index("idx_signals_symbol_time", "symbol", sa.text("created_at DESC")),
    sa.Index(
        "idx_signals_active",
        "expires_at",
        sqlite_where=sa.text("NOT executed"),
        postgresql_where=sa.text("NOT executed"),
    ),
)

AUDIT = _owned(
    "audit_entries",
    sa.Column("seq", _SERIAL, primary_key=True, autoincrement=True),
    sa.Column("at_ns", _WIDE, nullable=False),
    sa.Column("action", sa.Text(), nullable=False),
    sa.Column("subject", sa.Text(), nullable=False),
    sa.Column("detail", sa.Text(), nullable=False),
    _text("content_sha", 64),
    sa.Column("recorded_ns", _WIDE, nullable=False),
    _text("chain", 64),
)
