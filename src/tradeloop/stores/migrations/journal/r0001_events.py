"""Events, quarantine, states of decisions, what was received, and the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_STATES = "state IN ('labelled', 'pending', 'censored', 'quarantined')"


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, _NUMBER, nullable=nullable)


def _seq() -> sa.Column[int]:
    return sa.Column("seq", _NUMBER, primary_key=True)


def upgrade() -> None:
    op.create_table(
        "event",
        _seq(),
        *map(_text, ("tenant", "principal", "kind", "event_id", "source")),
        *map(_number, ("epoch", "n", "event_ns", "received_ns", "recorded_ns")),
        *map(_text, ("body", "body_sha", "chain")),
        sa.UniqueConstraint("tenant", "kind", "event_id"),
        sa.UniqueConstraint("tenant", "source", "epoch", "n"),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_table(
        "reject",
        _seq(),
        *map(_text, ("tenant", "principal", "kind", "source")),
        _number("row"),
        _text("key"),
        _number("epoch", nullable=True),
        _number("n", nullable=True),
        *map(_text, ("reason", "body", "body_sha")),
        _number("recorded_ns"),
        _text("chain"),
        sa.UniqueConstraint("tenant", "kind", "source", "row", "key", "body_sha"),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_table(
        "decision_state",
        *map(_text, ("tenant", "decision_id", "principal", "state")),
        _number("due_ns", nullable=True),
        _text("reason"),
        _number("recorded_ns"),
        sa.PrimaryKeyConstraint("tenant", "decision_id"),
        sa.CheckConstraint(_STATES),
        sqlite_strict=True,
    )
    op.create_table(
        "intake",
        *map(_text, ("tenant", "kind", "source")),
        _number("received"),
        sa.PrimaryKeyConstraint("tenant", "kind", "source"),
        sqlite_strict=True,
    )
    op.create_table(
        "audit_entry",
        _seq(),
        *map(_text, ("tenant", "principal")),
        _number("at_ns"),
        *map(_text, ("action", "subject", "detail", "content_sha")),
        _number("recorded_ns"),
        _number("event_seq"),
        _text("event_chain"),
        _number("reject_seq"),
        *map(_text, ("reject_chain", "chain")),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
