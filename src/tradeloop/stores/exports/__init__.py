"""A dataset in the formats of others: one table of writers, each folder whole."""

from tradeloop.stores.exports.base import Writer
from tradeloop.stores.exports.flight import FlightTables, fetch_table, list_tables
from tradeloop.stores.exports.place import Exported, write_export, writer_of
from tradeloop.stores.exports.units import EXPORTS

__all__ = [
    "EXPORTS",
    "Exported",
    "FlightTables",
    "Writer",
    "fetch_table",
    "list_tables",
    "write_export",
    "writer_of",
]
