"""Every version of every labelling rule; those that are there become the first."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    def needed(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
        return sa.Column(name, kind, nullable=False)

    op.create_table(
        "labeling_rule_versions",
        sa.Column("id", sa.Uuid(), primary_key=True),
        needed("tenant", sa.String(64)),
        needed("principal", sa.String(64)),
        needed("rule_name", sa.String(100)),
        needed("version", sa.Integer()),
        needed("rule_type", sa.String(50)),
        needed("criteria", sa.JSON()),
        needed("thresholds", sa.JSON()),
        needed("enabled", sa.Boolean()),
        needed("created_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint(
            "tenant", "rule_name", "version", name="uq_labeling_rule_versions"
        ),
    )
    op.execute(
        "INSERT INTO labeling_rule_versions (id, tenant, principal, rule_name, "
        "rule_type, criteria, thresholds, enabled, version, created_at) "
        "SELECT id, tenant, principal, rule_name, rule_type, criteria, thresholds, "
        "enabled, 1, created_at FROM labeling_rules"
    )
