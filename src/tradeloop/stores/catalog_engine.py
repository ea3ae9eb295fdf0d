"""The catalog's database: settings, upgrade, transactions."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tradeloop.clock import Clock
from tradeloop.errors import BusyError, DamagedError, InputError, TradeloopError
from tradeloop.events import AuditEntry, Principal
from tradeloop.stores.canonical import GENESIS, canonical, link
from tradeloop.stores.catalog_write import CHAINED, Write
from tradeloop.stores.schema import is_current, upgrade
from tradeloop.stores.tables import AUDIT

# The standard library's SQLite may carry the WAL-reset bug: a rollback journal has not.
_SETTINGS = {
    "journal_mode": "delete",
    "synchronous": 2,
    "foreign_keys": 1,
    "busy_timeout": 5_000,
}


class CatalogDatabase:
    """A SQLite file through SQLAlchemy, at the schema that this code knows.

    Parameters
    ----------
    url : str
        ``sqlite:///path``; the file and its folder are made where they are absent.
    clock : Clock
        Says when a row was written.

    Raises
    ------
    InputError
        Another kind of URL, no database, or one that a newer Tradeloop wrote.
    """

    def __init__(self, url: str, clock: Clock) -> None:
        self._path, self._clock = _file_of(url), clock
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = sa.create_engine(
            sa.URL.create("sqlite", database=str(self._path)),
            json_serializer=canonical,
        )
        sa.event.listen(self._engine, "connect", _set)
        sa.event.listen(self._engine, "begin", _begin)
        try:
            self._upgrade()
        except BaseException:
            self._engine.dispose()
            raise

    def close(self) -> None:
        """Close the file."""
        self._engine.dispose()

    @contextmanager
    def writing(self, principal: Principal, audit: AuditEntry) -> Iterator[Write]:
        """One transaction; the audit entry is written last, and all or none stays."""
        if audit.principal.tenant != principal.tenant:
            raise InputError(
                f"The audit entry is of tenant {audit.principal.tenant!r}, the write "
                f"of {principal.tenant!r}.",
                way_out="Write the entry for the tenant whose data it is about.",
            )
        canonical([audit.action, audit.subject, audit.detail, audit.at_ns])
        with self._told(), self._engine.begin() as connection:
            write = Write(connection, principal, self._clock.now_ns())
            yield write
            write.audit(audit)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """One snapshot."""
        engine = self._engine.execution_options(reading=True)
        with self._told(), engine.connect() as connection:
            yield connection

    def verify(self) -> int:
        """Recompute the hashes of the audit entries; return how many there are."""
        previous = GENESIS
        with self.reading() as connection:
            rows = connection.execute(sa.select(AUDIT).order_by(AUDIT.c.seq)).all()
        for row in rows:
            found = row._mapping  # noqa: SLF001 - SQLAlchemy's public name
            fields = [found[column] for column in CHAINED]
            if link(previous, fields) != row.chain:
                raise DamagedError(
                    f"{self._path}: audit entry {row.seq} does not match the hash "
                    "under which it was written, or one before it was removed. "
                    "Restore the catalog from a backup."
                )
            previous = row.chain
        return len(rows)

    def _upgrade(self) -> None:
        with self.reading() as connection:
            if is_current("catalog", _revision(connection), str(self._path)):
                return
        with self._told(), self._engine.begin() as connection:
            # Another process may have done it while this one waited for the lock.
            if not is_current("catalog", _revision(connection), str(self._path)):
                upgrade("catalog", connection)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say what the database says in our words."""
        try:
            yield
        except sa.exc.DBAPIError as error:
            said = str(error.orig)
            if "locked" in said:
                raise BusyError(
                    f"{self._path} is being written by another process: {said}. "
                    "Wait until it ends, and try again."
                ) from error
            if "not a database" in said or "unable to open" in said:
                raise InputError(
                    f"This is no catalog: {said}.",
                    way_out="Give the URL of a catalog, or of a file yet to be made.",
                    source=str(self._path),
                ) from error
            raise TradeloopError(f"{self._path}: {said}") from error


def _file_of(url: str) -> Path:
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        parsed = sa.URL.create("none")
    if parsed.get_backend_name() != "sqlite" or parsed.database in {None, ":memory:"}:
        raise InputError(
            f"A catalog is a SQLite file, was {parsed.get_backend_name()!r}.",
            way_out="Write the URL like sqlite:///folder/catalog.db.",
            source="catalog URL",
        )
    return Path(str(parsed.database))


def _set(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin where we say, DDL included
    for name, value in _SETTINGS.items():
        connection.execute(f"PRAGMA {name} = {value}").close()


def _begin(connection: sa.Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    # Deferred, a write would fail at once when another one came between.
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.exec_driver_sql(
        "SELECT version_num FROM alembic_version"
    ).scalar()
