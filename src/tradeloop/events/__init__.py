"""What happened: frozen records, their columns, and who acted."""

from tradeloop.events.columns import Column, Record
from tradeloop.events.duration import duration_ns, duration_text
from tradeloop.events.enumerations import (
    DatasetType,
    DecisionOutcome,
    DecisionState,
    MarketRegime,
    SignalType,
)
from tradeloop.events.identity import AuditEntry, Principal
from tradeloop.events.market import BAR, QUOTE, SERIES, TRADE
from tradeloop.events.trading import DECISION, FILL

ALL = (BAR, DECISION, FILL, QUOTE, SERIES, TRADE)

__all__ = [
    "ALL",
    "BAR",
    "DECISION",
    "FILL",
    "QUOTE",
    "SERIES",
    "TRADE",
    "AuditEntry",
    "Column",
    "DatasetType",
    "DecisionOutcome",
    "DecisionState",
    "MarketRegime",
    "Principal",
    "Record",
    "SignalType",
    "duration_ns",
    "duration_text",
]
