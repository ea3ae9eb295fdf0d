"""Market data: quotes, trades, bars and series from outside the market."""

import polars as pl

from tradeloop.events.columns import Column, Record

_INT, _FLOAT, _TEXT, _SIDE = pl.Int64(), pl.Float64(), pl.String(), pl.Int8()

INSTRUMENT = Column(
    "instrument", _TEXT, "SYMBOL, or SYMBOL.VENUE where a venue is known"
)
EVENT = Column("event_ns", _INT, "when it happened, ns UTC")
RECEIVED = Column("received_ns", _INT, "when it was known, ns UTC")

QUOTE = Record(
    "quote",
    (
        INSTRUMENT,
        EVENT,
        RECEIVED,
        Column("bid", _FLOAT, "best bid, quote currency"),
        Column("ask", _FLOAT, "best ask, quote currency"),
        Column("bid_size", _FLOAT, "size at the bid, base units", nullable=True),
        Column("ask_size", _FLOAT, "size at the ask, base units", nullable=True),
        Column("sequence", _INT, "number the venue gave it", nullable=True),
    ),
    ("instrument", "event_ns", "sequence"),
)

TRADE = Record(
    "trade",
    (
        INSTRUMENT,
        EVENT,
        RECEIVED,
        Column("price", _FLOAT, "price, quote currency"),
        Column("size", _FLOAT, "size, base units"),
        Column("side", _SIDE, "+1 the taker bought, -1 sold, 0 unknown"),
        Column("trade_id", _TEXT, "the venue's id", nullable=True),
    ),
    ("instrument", "event_ns", "trade_id"),
)

BAR = Record(
    "bar",
    (
        INSTRUMENT,
        Column("open_ns", _INT, "start of the bar, ns UTC"),
        Column("event_ns", _INT, "end of the bar, ns UTC"),
        RECEIVED,
        Column("open", _FLOAT, "first price, quote currency"),
        Column("high", _FLOAT, "highest price, quote currency"),
        Column("low", _FLOAT, "lowest price, quote currency"),
        Column("close", _FLOAT, "last price, quote currency"),
        Column("volume", _FLOAT, "traded, units of the source", nullable=True),
        Column("bid", _FLOAT, "best bid at the end", nullable=True),
        Column("ask", _FLOAT, "best ask at the end", nullable=True),
        Column("bid_size", _FLOAT, "size at the bid at the end", nullable=True),
        Column("ask_size", _FLOAT, "size at the ask at the end", nullable=True),
        Column("signed_volume", _FLOAT, "bought less sold by takers", nullable=True),
    ),
    ("instrument", "event_ns"),
)

SERIES = Record(
    "series",
    (
        Column("series", _TEXT, "name of the series, with its unit"),
        Column("event_ns", _INT, "reference date, ns UTC"),
        Column("received_ns", _INT, "release: when it was known, ns UTC"),
        Column("value", _FLOAT, "value, in the unit of the name"),
    ),
    ("series", "event_ns", "received_ns"),
)
