"""Cursors of the outbox, effects on consumers, a log of states, numbers used up."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_STATES = "state IN ('labelled', 'pending', 'censored', 'quarantined')"
# The log takes over where the table of current states ends; `Database` chains the rows.
_MOVE = """
INSERT INTO state_change (
    seq, tenant, principal, decision_id, state, due_ns, reason, recorded_ns, chain
)
SELECT
    row_number() OVER (ORDER BY recorded_ns, tenant, decision_id),
    tenant, principal, decision_id, state, due_ns, reason, recorded_ns, ''
FROM decision_state
"""


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, _NUMBER, nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "cursor",
        _text("name"),
        _number("position_transaction"),
        _number("position_seq"),
        _text("owner"),
        _number("fence"),
        _number("until_ns"),
        sa.PrimaryKeyConstraint("name"),
        sqlite_strict=True,
    )
    op.create_table(
        "effect",
        *map(_text, ("tenant", "consumer", "kind", "event_id")),
        _number("recorded_ns"),
        sa.PrimaryKeyConstraint("tenant", "consumer", "kind", "event_id"),
        sqlite_strict=True,
    )
    op.create_table(
        "state_change",
        sa.Column("seq", _NUMBER, primary_key=True),
        *map(_text, ("tenant", "principal", "decision_id", "state")),
        _number("due_ns", nullable=True),
        _text("reason"),
        _number("recorded_ns"),
        _text("chain"),
        sa.CheckConstraint(_STATES),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_table(
        "number_spent",
        *map(_text, ("tenant", "source")),
        *map(_number, ("epoch", "n")),
        sa.PrimaryKeyConstraint("tenant", "source", "epoch", "n"),
        sqlite_strict=True,
    )
    op.create_index("stands", "state_change", ["tenant", "decision_id", "seq"])
    op.execute(_MOVE)
    op.drop_table("decision_state")
    # What an older audit entry holds is the hash of the states of its write; a newer
    # one, which has a state_seq, the head of the chain of states.
    op.execute("ALTER TABLE audit_entry RENAME COLUMN content_sha TO state_chain")
    op.add_column("audit_entry", _number("state_seq", nullable=True))
