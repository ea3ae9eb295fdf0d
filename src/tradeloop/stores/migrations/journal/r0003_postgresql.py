"""What only PostgreSQL needs, where several may write: nothing changes on SQLite."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_TEXTS = {
    "event": "tenant principal kind event_id source body body_sha chain",
    "reject": "tenant principal kind source key reason body body_sha chain",
    "state_change": "tenant principal decision_id state reason chain",
    "audit_entry": (
        "tenant principal action subject detail state_chain event_chain reject_chain "
        "chain"
    ),
    "intake": "tenant kind source",
    "effect": "tenant consumer kind event_id",
    "number_spent": "tenant source",
    "cursor": "name owner",
}
_GENESIS = "0" * 64


def upgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        _order_by_bytes()
        _key_the_quarantine()
        _make_heads()
        _number_transactions()


def _order_by_bytes() -> None:
    """Compare texts by their bytes.

    The order of a language changes with the system's libraries, and an index that was
    built by another order finds no duplicates any more.
    """
    for table, columns in _TEXTS.items():
        changes = (f'ALTER {name} TYPE text COLLATE "C"' for name in columns.split())
        op.execute(f"ALTER TABLE {table} {', '.join(changes)}")


def _key_the_quarantine() -> None:
    """Leave the key of a row, as long as it came, out of the index: pages are short."""
    (constraint,) = sa.inspect(op.get_bind()).get_unique_constraints("reject")
    op.drop_constraint(str(constraint["name"]), "reject")
    columns = ["tenant", "kind", "source", "row", "body_sha"]
    op.create_index("reject_known", "reject", columns)


def _make_heads() -> None:
    """One row for each tenant holds the ends of its chains: its writers' lock."""
    chains = ("event", "reject", "state", "audit")
    heads = (
        (
            sa.Column(
                f"{chain}_seq", sa.BigInteger, nullable=False, server_default="0"
            ),
            sa.Column(
                f"{chain}_chain", sa.Text, nullable=False, server_default=_GENESIS
            ),
        )
        for chain in chains
    )
    op.create_table(
        "chain_head",
        sa.Column("tenant", sa.Text(collation="C"), primary_key=True),
        *(column for pair in heads for column in pair),
    )
    for table in ("event", "reject", "state_change", "audit_entry"):
        op.create_index(f"{table}_chain", table, ["tenant", "seq"])


def _number_transactions() -> None:
    """Say for each event which transaction stored it; a server counts from ``base``."""
    op.add_column("event", sa.Column("xact", sa.BigInteger, nullable=False))
    op.create_index("event_outbox", "event", ["xact", "seq"])
    op.create_table(
        "outbox_life",
        sa.Column("base", sa.BigInteger, nullable=False),
        sa.Column("system", sa.BigInteger, nullable=False),
    )
    op.execute(
        "INSERT INTO outbox_life (base, system) "
        "SELECT 0, system_identifier FROM pg_control_system()"
    )
