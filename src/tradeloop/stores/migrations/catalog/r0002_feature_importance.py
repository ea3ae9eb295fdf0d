"""How much each feature mattered, over time."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_SCORES = ("correlation_with_outcome", "information_gain", "mutual_information")


def _needed(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    op.create_table(
        "feature_importance_ts",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _needed("tenant", sa.String(64)),
        _needed("principal", sa.String(64)),
        _needed("timestamp", time),
        _needed("feature_name", sa.String(100)),
        _needed("dataset_type", sa.String(50)),
        _needed("importance_score", sa.Double()),
        *(sa.Column(name, sa.Double()) for name in _SCORES),
        _needed("created_at", time),
        sa.UniqueConstraint(
            "tenant",
            "dataset_type",
            "feature_name",
            "timestamp",
            name="uq_feature_importance_time",
        ),
    )
    op.create_index(
        "idx_feature_importance_name_time",
        "feature_importance_ts",
        ["feature_name", sa.text("timestamp DESC")],
    )
