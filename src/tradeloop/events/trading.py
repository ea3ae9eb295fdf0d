"""Trading: decisions and fills. Sides are +1 (buy) and -1 (sell)."""

import polars as pl

from tradeloop.events.columns import Column, Record
from tradeloop.events.market import EVENT, INSTRUMENT, RECEIVED

_INT, _FLOAT, _TEXT, _SIDE = pl.Int64(), pl.Float64(), pl.String(), pl.Int8()

DECISION = Record(
    "decision",
    (
        Column("decision_id", _TEXT, "unique within the tenant"),
        Column("strategy", _TEXT, "who decided"),
        INSTRUMENT,
        Column("side", _SIDE, "+1 buy, -1 sell, 0 decided not to trade"),
        EVENT,
        RECEIVED,
        Column("signal_strength", _FLOAT, "0 to 1", nullable=True),
        Column("confidence_score", _FLOAT, "0 to 1", nullable=True),
        Column("risk_score", _FLOAT, "0 calm to 1 wild", nullable=True),
        Column("position_size", _FLOAT, "share of capital, or units", nullable=True),
        Column("reasoning", _TEXT, "why, in words", nullable=True),
        Column(
            "timeframe_consensus", _TEXT, "JSON: timeframe to -1, 0, +1", nullable=True
        ),
    ),
    ("decision_id",),
)

FILL = Record(
    "fill",
    (
        Column("fill_id", _TEXT, "unique within the tenant"),
        Column("order_id", _TEXT, "order it belongs to", nullable=True),
        Column("decision_id", _TEXT, "decision it belongs to", nullable=True),
        INSTRUMENT,
        Column("side", _SIDE, "+1 bought, -1 sold"),
        EVENT,
        RECEIVED,
        Column("price", _FLOAT, "price, quote currency"),
        Column("quantity", _FLOAT, "units, above 0"),
        Column("fees", _FLOAT, "quote currency, positive is paid", nullable=True),
    ),
    ("fill_id",),
)
