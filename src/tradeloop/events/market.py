"""Market data: quotes, trades, bars, the book, options and series from outside."""

from tradeloop.events.columns import Column, Record
from tradeloop.events.common import (
    EVENT,
    FLAG,
    FLOAT,
    INSTRUMENT,
    INT,
    RECEIVED,
    SEQUENCE,
    SIDE,
    TEXT,
    instant,
    optional,
    price,
    share,
    size,
)

QUOTE = Record(
    "quote",
    (
        INSTRUMENT,
        EVENT,
        RECEIVED,
        price("bid", "best bid, quote currency"),
        price("ask", "best ask, quote currency"),
        size("bid_size", "size at the bid, base units", nullable=True),
        size("ask_size", "size at the ask, base units", nullable=True),
        SEQUENCE,
    ),
    ("instrument", "event_ns", "sequence"),
)

TRADE = Record(
    "trade",
    (
        INSTRUMENT,
        EVENT,
        RECEIVED,
        price("price", "price, quote currency"),
        Column("size", FLOAT, "size, base units", above=0),
        Column(
            "side", SIDE, "+1 the taker bought, -1 sold, 0 unknown", least=-1, most=1
        ),
        optional("trade_id", "the venue's id"),
    ),
    ("instrument", "event_ns", "trade_id"),
)

BAR = Record(
    "bar",
    (
        INSTRUMENT,
        instant("open_ns", "start of the bar, ns UTC"),
        instant("event_ns", "end of the bar, ns UTC"),
        RECEIVED,
        price("open", "first price, quote currency"),
        price("high", "highest price, quote currency"),
        price("low", "lowest price, quote currency"),
        price("close", "last price, quote currency"),
        size("volume", "traded, units of the source", nullable=True),
        price("bid", "best bid at the end", nullable=True),
        price("ask", "best ask at the end", nullable=True),
        size("bid_size", "size at the bid at the end", nullable=True),
        size("ask_size", "size at the ask at the end", nullable=True),
        Column("signed_volume", FLOAT, "bought less sold by takers", nullable=True),
    ),
    ("instrument", "event_ns"),
)

BOOK_DELTA = Record(
    "book_delta",
    (
        INSTRUMENT,
        EVENT,
        RECEIVED,
        Column("side", SIDE, "+1 bid, -1 ask", allowed=(-1, 1)),
        price("price", "price of the level, quote currency"),
        size("size", "size at the level from now on, base units; 0 removes it"),
        Column("first_sequence", INT, "first number that the message covers"),
        Column("last_sequence", INT, "last number that the message covers"),
        Column(
            "previous_sequence",
            INT,
            "last number of the message before, where the venue tells it",
            nullable=True,
        ),
        Column("is_snapshot", FLAG, "a level of a whole book, not a change"),
    ),
    ("instrument", "last_sequence", "is_snapshot", "side", "price"),
)

_GREEKS = tuple(
    Column(name, FLOAT, meaning, nullable=True)
    for name, meaning in (
        ("delta", "change of the price for 1 of the underlying"),
        ("gamma", "change of delta for 1 of the underlying"),
        ("theta", "change of the price in time, on the scale of the source"),
        ("vega", "change of the price in volatility, on the scale of the source"),
        ("rho", "change of the price in the rate, on the scale of the source"),
    )
)

OPTION_QUOTE = Record(
    "option_quote",
    (
        INSTRUMENT,
        EVENT,
        RECEIVED,
        Column("underlying", TEXT, "instrument it is written on", longest=50),
        price("strike", "strike, quote currency of the underlying"),
        Column("right", TEXT, "right that it gives", allowed=("call", "put")),
        instant("expiry_ns", "when it expires, ns UTC"),
        size("bid", "best bid; 0 where nobody bids", nullable=True),
        size("ask", "best ask; 0 where nobody asks", nullable=True),
        size("bid_size", "size at the bid, contracts", nullable=True),
        size("ask_size", "size at the ask, contracts", nullable=True),
        size("mark", "price at which the venue marks it", nullable=True),
        size("last", "price of the last trade", nullable=True),
        size("bid_iv", "implied volatility of the bid, 0.2 is 20 %", nullable=True),
        size("ask_iv", "implied volatility of the ask", nullable=True),
        size("mark_iv", "implied volatility of the mark", nullable=True),
        price("underlying_price", "price of the underlying", nullable=True),
        Column("interest_rate", FLOAT, "yearly rate, 0.05 is 5 %", nullable=True),
        *_GREEKS,
        size("volume", "traded today, contracts", nullable=True),
        size("open_interest", "open contracts", nullable=True),
        SEQUENCE,
    ),
    ("instrument", "event_ns", "sequence"),
)

SENTIMENT = Record(
    "sentiment",
    (
        Column("sentiment_id", TEXT, "unique within the tenant"),
        Column(
            "instrument",
            TEXT,
            "what it is about; absent: the market",
            nullable=True,
            longest=50,
        ),
        EVENT,
        RECEIVED,
        Column("score", FLOAT, "-1 bad to +1 good", least=-1, most=1),
        share("confidence_score", "0 to 1"),
        Column("text_source", TEXT, "where the text comes from, such as news"),
        Column("text", TEXT, "the text", nullable=True, shortest=0, longest=1_000_000),
        optional("model_id", "model that gave the score"),
    ),
    ("sentiment_id",),
)

SERIES = Record(
    "series",
    (
        Column("series", TEXT, "name of the series, with its unit"),
        instant("event_ns", "reference date, ns UTC"),
        instant("received_ns", "release: when it was known, ns UTC"),
        Column("value", FLOAT, "value, in the unit of the name"),
    ),
    ("series", "event_ns", "received_ns"),
)
