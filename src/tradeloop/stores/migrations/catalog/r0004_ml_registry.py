"""Models, training jobs, evaluations, deployments, alerts, experiments, trials.

On PostgreSQL in a schema of their own, on SQLite beside the other tables.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_STAGES = "'draft', 'testing', 'staging', 'canary', 'production', 'archived'"


def _schema() -> str | None:
    return "ml_registry" if op.get_bind().dialect.name == "postgresql" else None


def _columns(kind: sa.types.TypeEngine[Any], *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=False) for name in names]


def _text(length: int, *names: str) -> list[sa.Column[Any]]:
    return _columns(sa.String(length), *names)


def _long(*names: str) -> list[sa.Column[Any]]:
    return _columns(sa.Text(), *names)


def _json(*names: str) -> list[sa.Column[Any]]:
    return _columns(sa.JSON(), *names)


def _time(*names: str) -> list[sa.Column[Any]]:
    return _columns(sa.DateTime(timezone=True), *names)


def _may_lack(kind: sa.types.TypeEngine[Any], *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind) for name in names]


def _of_model(table: str, name: str = "model_id") -> sa.ForeignKeyConstraint:
    schema = _schema()
    target = "models.id" if schema is None else f"{schema}.models.id"
    return sa.ForeignKeyConstraint([name], [target], name=f"fk_{table}_{name}")


def _create(name: str, *parts: Any) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.Uuid(), primary_key=True),
        *_text(64, "tenant", "principal"),
        *parts,
        *_time("created_at"),
        schema=_schema(),
    )


def _index(name: str, table: str, *columns: Any, **more: Any) -> None:
    op.create_index(name, table, list(columns), schema=_schema(), **more)


def upgrade() -> None:
    if _schema() is not None:
        op.execute(f"CREATE SCHEMA IF NOT EXISTS {_schema()}")
    _models()
    _training_jobs()
    _model_evaluations()
    _model_deployments()
    _model_alerts()
    _experiments()
    _trials()


def _models() -> None:
    _create(
        "models",
        *_may_lack(sa.String(64), "tenant_id", "user_id"),
        *_text(100, "name"),
        *_text(40, "version"),
        *_text(20, "status"),
        *_long("status_reason"),
        *_may_lack(sa.Uuid(), "parent_model_id"),
        *_text(100, "estimator", "dataset_version"),
        *_text(100, "feature_fingerprint", "code_version"),
        *_json("environment"),
        *_columns(sa.BigInteger(), "seed"),
        *_json("metrics", "tags"),
        *_text(500, "artefact_location"),
        *_text(64, "artefact_sha256", "signature"),
        *_may_lack(sa.JSON(), "tracking"),
        _of_model("models", "parent_model_id"),
        sa.UniqueConstraint("tenant", "name", "version", name="uq_models_version"),
        sa.CheckConstraint(f"status IN ({_STAGES})", name="ck_models_status"),
        sa.CheckConstraint(
            "tenant_id IS NOT NULL OR user_id IS NULL", name="ck_models_scope"
        ),
    )
    newest = sa.text("created_at DESC")
    _index("idx_models_status_time", "models", "tenant", "status", newest)
    active = sa.text("status = 'production'")
    _index(
        *("idx_models_one_production", "models", "tenant", "name"),
        unique=True,
        sqlite_where=active,
        postgresql_where=active,
    )


def _training_jobs() -> None:
    _create(
        "training_jobs",
        *_text(200, "job_name"),
        *_text(100, "model_name"),
        *_text(20, "status"),
        *_columns(sa.Double(), "progress"),
        *_json("recipe"),
        *_may_lack(sa.Uuid(), "model_id"),
        *_may_lack(sa.DateTime(timezone=True), "started_at", "finished_at"),
        *_long("error"),
        _of_model("training_jobs"),
        sa.UniqueConstraint("tenant", "job_name", name="uq_training_jobs_name"),
        sa.CheckConstraint("progress >= 0 AND progress <= 1", name="ck_jobs_progress"),
    )
    newest = sa.text("created_at DESC")
    _index("idx_training_jobs_status_time", "training_jobs", "tenant", "status", newest)


def _model_evaluations() -> None:
    _create(
        "model_evaluations",
        *_columns(sa.Uuid(), "model_id"),
        *_text(20, "kind", "verdict"),
        *_long("reason"),
        *_json("numbers"),
        *_text(500, "rows_location"),
        *_time("evaluated_at"),
        _of_model("model_evaluations"),
    )
    newest = sa.text("evaluated_at DESC")
    table = "model_evaluations"
    _index("idx_model_evaluations_time", table, "model_id", "kind", newest)


def _model_deployments() -> None:
    _create(
        "model_deployments",
        *_text(100, "model_name"),
        *_text(20, "alias"),
        *_columns(sa.BigInteger(), "number"),
        *_text(20, "kind"),
        *_may_lack(sa.String(40), "from_version", "to_version"),
        *_long("reason"),
        *_text(64, "approver"),
        *_text(50, "approver_role"),
        *_time("deployed_at"),
        sa.UniqueConstraint(
            *("tenant", "model_name", "alias", "number"),
            name="uq_model_deployments_number",
        ),
    )


def _model_alerts() -> None:
    _create(
        "model_alerts",
        *_columns(sa.Uuid(), "model_id"),
        *_text(50, "kind"),
        *_text(20, "severity"),
        *_long("message"),
        *_json("numbers"),
        *_time("raised_at"),
        _of_model("model_alerts"),
    )
    newest = sa.text("raised_at DESC")
    _index("idx_model_alerts_time", "model_alerts", "model_id", newest)


def _experiments() -> None:
    _create(
        "experiments",
        *_text(100, "experiment_name"),
        *_text(20, "kind", "status"),
        *_text(100, "model_name"),
        *_json("state"),
        *_time("updated_at"),
        sa.UniqueConstraint("tenant", "experiment_name", name="uq_experiments_name"),
    )


def _trials() -> None:
    _create(
        "trials",
        *_text(200, "study"),
        *_columns(sa.BigInteger(), "number"),
        *_text(20, "state"),
        *_json("parameters"),
        *_may_lack(sa.Double(), "score"),
        sa.UniqueConstraint("tenant", "study", "number", name="uq_trials_number"),
    )
