"""Reference data: instruments, corporate actions, rolls of futures, FX rates.

Each fact has the two times of every event: from when it holds or when it was said
(``event_ns``), and when it was known (``received_ns``).
"""

from tradeloop.events.columns import Column, Need, Record
from tradeloop.events.common import (
    CURRENCY,
    EVENT,
    FLOAT,
    INSTRUMENT,
    RECEIVED,
    TEXT,
    instant,
    optional,
    price,
)

_REPLACES = optional("replaces", "id of the announcement that this one corrects")

INSTRUMENT_TERMS = Record(
    "instrument",
    (
        INSTRUMENT,
        instant("event_ns", "from when these terms hold, ns UTC"),
        RECEIVED,
        Column(
            "asset_class",
            TEXT,
            "what it is",
            allowed=(
                "equity",
                "fx",
                "crypto",
                "future",
                "option",
                "index",
                "bond",
                "fund",
                "other",
            ),
        ),
        CURRENCY,
        Column("tick_size", FLOAT, "least step of the price, quote currency", above=0),
        Column("lot_size", FLOAT, "least step of the quantity, units", above=0),
        Column("contract_size", FLOAT, "units of the underlying in one", above=0),
        Column("calendar", TEXT, "trading calendar, such as XNYS or 24/7", longest=50),
        optional("venue", "where it trades"),
        optional("base_currency", "what one unit is, of a currency pair", 20),
        optional("underlying", "instrument it is written on", 50),
        instant("expiry_ns", "when it expires, ns UTC", nullable=True),
        price("strike", "strike of an option", nullable=True),
        Column(
            "right",
            TEXT,
            "right that an option gives",
            nullable=True,
            allowed=("call", "put"),
        ),
    ),
    ("instrument", "event_ns"),
)

CORPORATE_ACTION = Record(
    "corporate_action",
    (
        Column("action_id", TEXT, "unique within the tenant"),
        INSTRUMENT,
        instant("event_ns", "when it was announced, ns UTC"),
        RECEIVED,
        Column(
            "action",
            TEXT,
            "split, cash dividend, or an announcement taken back",
            allowed=("split", "cash_dividend", "withdrawn"),
        ),
        instant("ex_ns", "first instant that trades without it, ns UTC"),
        Column("ratio", FLOAT, "split: new shares for one old", nullable=True, above=0),
        Column(
            "amount",
            FLOAT,
            "dividend: cash for one share as of the ex time",
            nullable=True,
            above=0,
        ),
        optional("currency", "of the amount; absent: that of the price", 20),
        _REPLACES,
    ),
    ("action_id",),
    needs=(
        Need("action", "split", "ratio"),
        Need("action", "cash_dividend", "amount"),
        Need("action", "withdrawn", "replaces"),
    ),
)

FUTURES_ROLL = Record(
    "futures_roll",
    (
        Column("roll_id", TEXT, "unique within the tenant"),
        Column("root", TEXT, "name of the continuous future, such as ES", longest=50),
        instant("event_ns", "when it was decided, ns UTC"),
        RECEIVED,
        instant("effective_ns", "from when the next contract is the front, ns UTC"),
        optional("from_instrument", "contract that is left; absent: the first one", 50),
        Column("to_instrument", TEXT, "contract that is entered", longest=50),
        _REPLACES,
    ),
    ("roll_id",),
)

FX_RATE = Record(
    "fx_rate",
    (
        Column(
            "base_currency", TEXT, "currency of which one unit is priced", longest=20
        ),
        Column("quote_currency", TEXT, "currency of the price", longest=20),
        EVENT,
        RECEIVED,
        price("rate", "quote units for one base unit"),
    ),
    ("base_currency", "quote_currency", "event_ns"),
)
