"""Columns that several records share."""

import polars as pl

from tradeloop.events.columns import Column, Shape
from tradeloop.events.instant import EARLIEST_NS, LATEST_NS

INT, FLOAT, TEXT, SIDE, FLAG = (
    pl.Int64(),
    pl.Float64(),
    pl.String(),
    pl.Int8(),
    pl.Boolean(),
)


def instant(name: str, meaning: str, *, nullable: bool = False) -> Column:
    """Column of a time, ns UTC, within the bounds of every time."""
    return Column(name, INT, meaning, nullable, least=EARLIEST_NS, most=LATEST_NS - 1)


def price(name: str, meaning: str, *, nullable: bool = False) -> Column:
    """Column of a price or a rate: above 0."""
    return Column(name, FLOAT, meaning, nullable, above=0)


def size(name: str, meaning: str, *, nullable: bool = False) -> Column:
    """Column of a size or a volume: 0 or more."""
    return Column(name, FLOAT, meaning, nullable, least=0)


def share(name: str, meaning: str) -> Column:
    """Column of a score from 0 to 1 that may be absent."""
    return Column(name, FLOAT, meaning, nullable=True, least=0, most=1)


def optional(name: str, meaning: str, longest: int = 200) -> Column:
    """Column of a text that may be absent."""
    return Column(name, TEXT, meaning, nullable=True, longest=longest)


INSTRUMENT = Column(
    "instrument", TEXT, "SYMBOL, or SYMBOL.VENUE where a venue is known", longest=50
)
EVENT = instant("event_ns", "when it happened, ns UTC")
RECEIVED = instant("received_ns", "when it was known, ns UTC")
STRATEGY = Column("strategy", TEXT, "who decided", longest=100)
CURRENCY = Column("currency", TEXT, "ISO 4217 code, or a coin such as BTC", longest=20)
SEQUENCE = Column("sequence", INT, "number the venue gave it", nullable=True)
PARAMETERS = Column(
    "parameters",
    TEXT,
    "JSON: parameters of the algorithm",
    nullable=True,
    shape=Shape(),
)
