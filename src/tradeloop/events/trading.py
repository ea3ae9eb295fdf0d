"""Trading: decisions, orders, fills and positions. Sides are +1 (buy) and -1 (sell)."""

from tradeloop.events.columns import Column, Record, Shape
from tradeloop.events.common import (
    CURRENCY,
    EVENT,
    FLOAT,
    INSTRUMENT,
    PARAMETERS,
    RECEIVED,
    SIDE,
    STRATEGY,
    TEXT,
    instant,
    optional,
    price,
    share,
    size,
)

_REASONING = Column(
    "reasoning", TEXT, "why, in words", nullable=True, shortest=0, longest=1_000_000
)
_MODEL = optional("model_id", "model that the decision follows")
_SIGNAL = optional("signal_id", "signal that the decision follows")
_DECISION_ID = optional("decision_id", "decision it belongs to")
_VENUE = optional("venue", "where it was sent to, or traded")
_ALGORITHM = optional("algorithm", "execution algorithm, such as twap")
_QUANTITY = Column("quantity", FLOAT, "units, above 0", above=0)

DECISION = Record(
    "decision",
    (
        Column("decision_id", TEXT, "unique within the tenant"),
        STRATEGY,
        INSTRUMENT,
        Column(
            "side", SIDE, "+1 buy, -1 sell, 0 decided not to trade", least=-1, most=1
        ),
        EVENT,
        RECEIVED,
        share("signal_strength", "0 to 1"),
        share("confidence_score", "0 to 1"),
        share("risk_score", "0 calm to 1 wild"),
        Column("position_size", FLOAT, "share of capital, or units", nullable=True),
        _REASONING,
        Column(
            "timeframe_consensus",
            TEXT,
            "JSON: timeframe to -1, 0, +1",
            nullable=True,
            shape=Shape(
                values=Column("timeframe", SIDE, "-1, 0, +1", least=-1, most=1)
            ),
        ),
        _MODEL,
        _SIGNAL,
    ),
    ("decision_id",),
)

SKIP = Record(
    "skip",
    (
        Column("skip_id", TEXT, "unique within the tenant"),
        STRATEGY,
        INSTRUMENT,
        EVENT,
        RECEIVED,
        Column(
            "reason", TEXT, "why no decision was taken, a code such as no_liquidity"
        ),
        Column(
            "side",
            SIDE,
            "side that was looked at: +1, -1, 0 none",
            nullable=True,
            least=-1,
            most=1,
        ),
        share("signal_strength", "0 to 1"),
        share("confidence_score", "0 to 1"),
        share("risk_score", "0 calm to 1 wild"),
        _REASONING,
        _MODEL,
        _SIGNAL,
    ),
    ("skip_id",),
)

ORDER_EVENT = Record(
    "order_event",
    (
        Column("order_event_id", TEXT, "unique within the tenant"),
        Column("order_id", TEXT, "order it happened to"),
        _DECISION_ID,
        INSTRUMENT,
        Column("side", SIDE, "+1 buy, -1 sell", allowed=(-1, 1)),
        EVENT,
        RECEIVED,
        Column(
            "status",
            TEXT,
            "what happened to the order",
            allowed=("sent", "acknowledged", "amended", "cancelled", "rejected"),
        ),
        Column("quantity", FLOAT, "units ordered from now on, above 0", above=0),
        size("filled_quantity", "units of it that are filled", nullable=True),
        price("limit_price", "limit, quote currency; absent: market", nullable=True),
        instant("arrival_ns", "when the order came to the market", nullable=True),
        price("arrival_price", "mid at the arrival, quote currency", nullable=True),
        _VENUE,
        _ALGORITHM,
        PARAMETERS,
        optional("reason", "why it was cancelled or rejected", 1000),
    ),
    ("order_event_id",),
)

FILL = Record(
    "fill",
    (
        Column("fill_id", TEXT, "unique within the tenant"),
        optional("order_id", "order it belongs to"),
        _DECISION_ID,
        INSTRUMENT,
        Column("side", SIDE, "+1 bought, -1 sold", allowed=(-1, 1)),
        EVENT,
        RECEIVED,
        price("price", "price, quote currency"),
        _QUANTITY,
        Column("fees", FLOAT, "quote currency, positive is paid", nullable=True),
        _VENUE,
        Column(
            "liquidity",
            TEXT,
            "whether it made or took liquidity",
            nullable=True,
            allowed=("maker", "taker"),
        ),
        _ALGORITHM,
        PARAMETERS,
    ),
    ("fill_id",),
)

PORTFOLIO_STATE = Record(
    "portfolio_state",
    (
        Column("portfolio", TEXT, "name of the portfolio"),
        EVENT,
        RECEIVED,
        CURRENCY,
        Column("equity", FLOAT, "worth of all, in the currency"),
        Column("cash", FLOAT, "cash, in the currency", nullable=True),
        Column(
            "positions",
            TEXT,
            "JSON: instrument to signed units",
            shape=Shape(values=Column("instrument", FLOAT, "units, negative is short")),
        ),
        size(
            "gross_exposure", "sum of absolute worths, in the currency", nullable=True
        ),
        Column("net_exposure", FLOAT, "sum of signed worths", nullable=True),
        size("margin_used", "margin bound by positions", nullable=True),
        Column(
            "realised_pnl", FLOAT, "since the start, in the currency", nullable=True
        ),
        Column("unrealised_pnl", FLOAT, "of open positions", nullable=True),
    ),
    ("portfolio", "event_ns"),
)
