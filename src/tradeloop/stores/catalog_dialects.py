"""Databases that can hold a catalog: a SQLite file, or a PostgreSQL.

1. SQLite: one file, one writer; the registry's tables lie beside the others.
2. PostgreSQL: the registry's tables lie in the schema ``ml_registry``, the others where
   ``search_path`` says. Writers wait for one another, since the entries of the audit
   log are one chain. The journal may be in the same database.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tradeloop.errors import BusyError, InputError, TradeloopError
from tradeloop.stores.canonical import canonical
from tradeloop.stores.postgres_errors import (
    driver,
    first_line,
    patient,
    place_of,
    told,
)
from tradeloop.stores.tables_models import SCHEMA

# The standard library's SQLite may carry the WAL-reset bug: a rollback journal has not.
_SETTINGS = {
    "journal_mode": "delete",
    "synchronous": 2,
    "foreign_keys": 1,
    "busy_timeout": 5_000,
}
_KEY = 0x63_61_74_61_6C_6F_67  # lock of the writers: "catalog"
_POSTGRESQL = ("postgresql", "postgres")


@dataclass(frozen=True, slots=True)
class Opened:
    """A database that was opened.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        Begins each transaction as the database needs it: to read where the execution
        option ``reading`` is set, else as the only writer.
    place : str
        Where it lies, without a password.
    version_table : str
        Table that says which schema it has.
    said : callable
        Turns an error of the database into ours.
    """

    engine: sa.Engine
    place: str
    version_table: str
    said: Callable[[sa.exc.DBAPIError], TradeloopError]


def open_database(url: str) -> Opened:
    """Open the database at ``url``; a SQLite file is made where it is absent.

    Raises
    ------
    InputError
        Another kind of URL.
    MissingExtraError
        The driver of PostgreSQL is not installed.
    """
    if url.partition("://")[0] in _POSTGRESQL:
        return _postgresql(url)
    return _sqlite(_file_of(url))


def _sqlite(path: Path) -> Opened:
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        json_serializer=canonical,
        execution_options={"schema_translate_map": {SCHEMA: None}},
    )
    sa.event.listen(engine, "connect", _set)
    sa.event.listen(engine, "begin", _begin_sqlite)

    def said(error: sa.exc.DBAPIError) -> TradeloopError:
        words = str(error.orig)
        if "locked" in words:
            return BusyError(
                f"{path} is being written by another process: {words}. "
                "Wait until it ends, and try again."
            )
        if "not a database" in words or "unable to open" in words:
            return InputError(
                f"This is no catalog: {words}.",
                way_out="Give the URL of a catalog, or of a file yet to be made.",
                source=str(path),
            )
        return TradeloopError(f"{path}: {words}")

    return Opened(engine, str(path), "alembic_version", said)


def _postgresql(url: str) -> Opened:
    psycopg, place, given = driver(), place_of(url), patient(url)

    def connect() -> Any:
        try:
            return psycopg.connect(given, prepare_threshold=None)
        except psycopg.OperationalError as error:
            raise InputError(
                f"{place} cannot be reached: {first_line(error)}.",
                way_out="Start the server, or give another URL.",
            ) from error

    engine = sa.create_engine(
        "postgresql+psycopg://", creator=connect, json_serializer=canonical
    )
    sa.event.listen(engine, "begin", _begin_postgresql)

    def said(error: sa.exc.DBAPIError) -> TradeloopError:
        cause = error.orig
        if isinstance(cause, psycopg.Error):
            return told(cause, place)
        return TradeloopError(f"{place}: {cause}")

    # A journal in the same database has the table alembic_version.
    return Opened(engine, place, "catalog_version", said)


def _file_of(url: str) -> Path:
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        parsed = sa.URL.create("none")
    if parsed.get_backend_name() != "sqlite" or parsed.database in {None, ":memory:"}:
        raise InputError(
            "A catalog is a SQLite file or a PostgreSQL, was "
            f"{parsed.get_backend_name()!r}.",
            way_out="Write the URL like sqlite:///folder/catalog.db or postgresql://...",
            source="catalog URL",
        )
    return Path(str(parsed.database))


def _set(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin where we say, DDL included
    for name, value in _SETTINGS.items():
        connection.execute(f"PRAGMA {name} = {value}").close()


def _begin_sqlite(connection: sa.Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    # Deferred, a write would fail at once when another one came between.
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _begin_postgresql(connection: sa.Connection) -> None:
    if connection.get_execution_options().get("reading", False):
        how = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
        connection.exec_driver_sql(how)
        return
    connection.exec_driver_sql("SET LOCAL synchronous_commit = on")
    connection.exec_driver_sql("SET LOCAL lock_timeout = '30s'")
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_KEY})")
