"""Kinds that files hold under the names of their own columns, and their fields."""

from tradeloop.events import (
    CORPORATE_ACTION,
    FUTURES_ROLL,
    FX_RATE,
    INSTRUMENT_TERMS,
    ORDER_EVENT,
    PORTFOLIO_STATE,
    SKIP,
    Column,
    Record,
)

PLAIN: tuple[Record, ...] = (
    ORDER_EVENT,
    SKIP,
    PORTFOLIO_STATE,
    FX_RATE,
    CORPORATE_ACTION,
    FUTURES_ROLL,
    INSTRUMENT_TERMS,
)
"""Records that are read by the names of their columns."""


def plain_fields(record: Record) -> dict[str, str]:
    """Return the fields that a map can name for a plain record, with their meaning."""
    return {field_of(column): column.meaning for column in record.columns}


def field_of(column: Column) -> str:
    """Name the field of a column: that of the column, but for the common three."""
    common = {
        "instrument": "symbol",
        "event_ns": "event_time",
        "received_ns": "received_time",
    }
    return common.get(column.name, column.name)
