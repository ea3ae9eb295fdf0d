"""A DuckDB file: one table per split, and a table that says what they are."""

import json
from pathlib import Path
from typing import Any

from tradeloop.errors import MissingExtraError
from tradeloop.stores.exports.base import About, Tables, Writer
from tradeloop.stores.exports.tabular import arrow_table

FILE = "dataset.duckdb"
_ALONE: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def table_name(split: str) -> str:
    """Name of a split's table: ``fold_0/train`` is ``fold_0_train``."""
    return split.replace("/", "_")


def _write(folder: Path, tables: Tables, about: About) -> None:
    try:
        import duckdb  # noqa: PLC0415
    except ImportError as missing:
        raise MissingExtraError("duckdb", "duckdb") from missing
    connection: Any = duckdb.connect(str(folder / FILE), config=_ALONE)
    with connection:
        for split, frame in tables.items():
            connection.register("given", arrow_table(frame))
            name = _quoted(table_name(split))
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM given")  # noqa: S608
            connection.unregister("given")
        connection.execute("CREATE TABLE about (name TEXT PRIMARY KEY, value JSON)")
        rows = [[name, json.dumps(value)] for name, value in about.items()]
        connection.executemany("INSERT INTO about VALUES (?, ?)", rows)


DUCKDB = Writer(
    "a DuckDB file with one table per split and a table about",
    "wide",
    _write,
    "NULL; NaN stays NaN",
    extra="duckdb",
)
