"""Signals that no longer hold: the columns of ``trading_signals``, and when they left.

Their numbers and keys stay; the table of those that hold stays small.
"""

import sqlalchemy as sa

from tradeloop.stores.tables import METADATA, SIGNALS, UtcNs

ARCHIVED_SIGNALS = sa.Table(
    "trading_signals_archive",
    METADATA,
    *(
        sa.Column(
            column.name,
            column.type,
            primary_key=column.primary_key,
            nullable=column.nullable,
            autoincrement=False,
        )
        for column in SIGNALS.columns
    ),
    sa.Column("archived_at", UtcNs(), nullable=False),
    sa.UniqueConstraint("tenant", "signal_key", name="uq_trading_signals_archive_key"),
    sa.Index("idx_signals_archive_symbol_time", "symbol", sa.text("created_at DESC")),
)
