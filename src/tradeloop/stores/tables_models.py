"""The registry's tables: models, jobs, evaluations, deployments, experiments, trials.

On PostgreSQL they lie in the schema `SCHEMA`; SQLite has no schemas, so there they lie
beside the other tables of the catalog under the same names.

``tenant`` and ``principal`` say who wrote a row, as in every table. A model also says
for whom it is: ``tenant_id`` and ``user_id`` null is everybody (the platform's),
``user_id`` null the whole tenant.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.schema import SchemaItem

from tradeloop.stores.tables import METADATA, UtcNs

SCHEMA = "ml_registry"


def _text(name: str, length: int, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=nullable)


def _long(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _json(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(none_as_null=True), nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, UtcNs(), nullable=nullable)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _of_model(table: str, *, name: str = "model_id", nullable: bool = False) -> Any:
    key = sa.ForeignKey(f"{SCHEMA}.models.id", name=f"fk_{table}_{name}")
    return sa.Column(name, sa.Uuid(), key, nullable=nullable)


def _table(name: str, *parts: SchemaItem) -> sa.Table:
    return sa.Table(
        name,
        METADATA,
        sa.Column("id", sa.Uuid(), primary_key=True),
        _text("tenant", 64),
        _text("principal", 64),
        *parts,
        _time("created_at"),
        schema=SCHEMA,
    )


def _newest(name: str, *columns: str, time: str = "created_at") -> sa.Index:
    return sa.Index(name, *columns, sa.text(f"{time} DESC"))


_IN_PRODUCTION = sa.text("status = 'production'")

MODELS = _table(
    "models",
    _text("tenant_id", 64, nullable=True),
    _text("user_id", 64, nullable=True),
    _text("name", 100),
    _text("version", 40),
    _text("status", 20),
    _long("status_reason"),
    _of_model("models", name="parent_model_id", nullable=True),
    _text("estimator", 100),
    _text("dataset_version", 100),
    _text("feature_fingerprint", 100),
    _text("code_version", 100),
    _json("environment"),
    _number("seed"),
    _json("metrics"),
    _json("tags"),
    _text("artefact_location", 500),
    _text("artefact_sha256", 64),
    _text("signature", 64),
    _json("tracking", nullable=True),
    sa.UniqueConstraint("tenant", "name", "version", name="uq_models_version"),
    sa.CheckConstraint(
        "status IN ('draft', 'testing', 'staging', 'canary', 'production', 'archived')",
        name="ck_models_status",
    ),
    sa.CheckConstraint(
        "tenant_id IS NOT NULL OR user_id IS NULL", name="ck_models_scope"
    ),
    _newest("idx_models_status_time", "tenant", "status"),
    sa.Index(
        "idx_models_one_production",
        "tenant",
        "name",
        unique=True,
        sqlite_where=_IN_PRODUCTION,
        postgresql_where=_IN_PRODUCTION,
    ),
)

JOBS = _table(
    "training_jobs",
    _text("job_name", 200),
    _text("model_name", 100),
    _text("status", 20),
    sa.Column("progress", sa.Double(), nullable=False),
    _json("recipe"),
    _of_model("training_jobs", nullable=True),
    _time("started_at", nullable=True),
    _time("finished_at", nullable=True),
    _long("error"),
    sa.UniqueConstraint("tenant", "job_name", name="uq_training_jobs_name"),
    sa.CheckConstraint("progress >= 0 AND progress <= 1", name="ck_jobs_progress"),
    _newest("idx_training_jobs_status_time", "tenant", "status"),
)

EVALUATIONS = _table(
    "model_evaluations",
    _of_model("model_evaluations"),
    _text("kind", 20),
    _text("verdict", 20),
    _long("reason"),
    _json("numbers"),
    _text("rows_location", 500),
    _time("evaluated_at"),
    _newest("idx_model_evaluations_time", "model_id", "kind", time="evaluated_at"),
)

DEPLOYMENTS = _table(
    "model_deployments",
    _text("model_name", 100),
    _text("alias", 20),
    _number("number"),
    _text("kind", 20),
    _text("from_version", 40, nullable=True),
    _text("to_version", 40, nullable=True),
    _long("reason"),
    _text("approver", 64),
    _text("approver_role", 50),
    _time("deployed_at"),
    sa.UniqueConstraint(
        "tenant", "model_name", "alias", "number", name="uq_model_deployments_number"
    ),
)

ALERTS = _table(
    "model_alerts",
    _of_model("model_alerts"),
    _text("kind", 50),
    _text("severity", 20),
    _long("message"),
    _json("numbers"),
    _time("raised_at"),
    _newest("idx_model_alerts_time", "model_id", time="raised_at"),
)

EXPERIMENTS = _table(
    "experiments",
    _text("experiment_name", 100),
    _text("kind", 20),
    _text("status", 20),
    _text("model_name", 100),
    _json("state"),
    _time("updated_at"),
    sa.UniqueConstraint("tenant", "experiment_name", name="uq_experiments_name"),
)

TRIALS = _table(
    "trials",
    _text("study", 200),
    _number("number"),
    _text("state", 20),
    _json("parameters"),
    sa.Column("score", sa.Double()),
    sa.UniqueConstraint("tenant", "study", "number", name="uq_trials_number"),
)
