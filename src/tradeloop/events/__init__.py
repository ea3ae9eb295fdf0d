"""What happened: frozen records, their columns, contracts, and who acted."""

from tradeloop.events.columns import APART, Column, Need, Record, Shape
from tradeloop.events.contracts import ALL, BY_KIND, CONTRACTS, Contract
from tradeloop.events.duration import duration_ns, duration_text
from tradeloop.events.enumerations import (
    DatasetType,
    DecisionOutcome,
    DecisionState,
    MarketRegime,
    SignalType,
)
from tradeloop.events.identity import AuditEntry, Principal
from tradeloop.events.instant import EARLIEST_NS, LATEST_NS, instant_ns, instant_text
from tradeloop.events.market import (
    BAR,
    BOOK_DELTA,
    OPTION_QUOTE,
    QUOTE,
    SENTIMENT,
    SERIES,
    TRADE,
)
from tradeloop.events.message import Message, envelope_of, message_of
from tradeloop.events.notices import DATA_QUALITY, TRAINING_DATASET_GENERATED
from tradeloop.events.reference import (
    CORPORATE_ACTION,
    FUTURES_ROLL,
    FX_RATE,
    INSTRUMENT_TERMS,
)
from tradeloop.events.trading import (
    DECISION,
    FILL,
    ORDER_EVENT,
    PORTFOLIO_STATE,
    SKIP,
)

__all__ = [
    "ALL",
    "APART",
    "BAR",
    "BOOK_DELTA",
    "BY_KIND",
    "CONTRACTS",
    "CORPORATE_ACTION",
    "DATA_QUALITY",
    "DECISION",
    "EARLIEST_NS",
    "FILL",
    "FUTURES_ROLL",
    "FX_RATE",
    "INSTRUMENT_TERMS",
    "LATEST_NS",
    "OPTION_QUOTE",
    "ORDER_EVENT",
    "PORTFOLIO_STATE",
    "QUOTE",
    "SENTIMENT",
    "SERIES",
    "SKIP",
    "TRADE",
    "TRAINING_DATASET_GENERATED",
    "AuditEntry",
    "Column",
    "Contract",
    "DatasetType",
    "DecisionOutcome",
    "DecisionState",
    "MarketRegime",
    "Message",
    "Need",
    "Principal",
    "Record",
    "Shape",
    "SignalType",
    "duration_ns",
    "duration_text",
    "envelope_of",
    "instant_ns",
    "instant_text",
    "message_of",
]
