"""Expired signals move to a table of their own, with their numbers and keys."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def _needed(kind: sa.types.TypeEngine[Any], *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=False) for name in names]


def _may_lack(kind: sa.types.TypeEngine[Any], *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind) for name in names]


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    time = sa.DateTime(timezone=True)
    op.create_table(
        "trading_signals_archive",
        sa.Column("id", number, primary_key=True, autoincrement=False),
        *_needed(sa.String(64), "tenant", "principal"),
        *_needed(sa.String(300), "signal_key"),
        *_needed(sa.String(50), "symbol"),
        *_needed(sa.String(4), "signal_type"),
        *_needed(sa.Double(), "confidence"),
        *_may_lack(sa.Double(), "target_price", "stop_loss", "position_size"),
        *_needed(sa.Text(), "reasoning"),
        *_needed(sa.String(100), "model_version"),
        *_needed(sa.JSON(), "features"),
        *_needed(time, "created_at"),
        *_may_lack(time, "expires_at"),
        *_needed(sa.Boolean(), "executed"),
        *_may_lack(sa.JSON(), "performance"),
        *_needed(time, "recorded_at", "archived_at"),
        sa.UniqueConstraint(
            "tenant", "signal_key", name="uq_trading_signals_archive_key"
        ),
    )
    op.create_index(
        "idx_signals_archive_symbol_time",
        "trading_signals_archive",
        ["symbol", sa.text("created_at DESC")],
    )
