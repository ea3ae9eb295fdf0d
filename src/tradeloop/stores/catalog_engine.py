"""The catalog's database: settings, upgrade, transactions."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from tradeloop.clock import Clock
from tradeloop.errors import DamagedError, InputError
from tradeloop.events import AuditEntry, Principal
from tradeloop.stores.canonical import GENESIS, canonical, link
from tradeloop.stores.catalog_dialects import open_database
from tradeloop.stores.catalog_write import CHAINED, Write
from tradeloop.stores.schema import is_current, upgrade
from tradeloop.stores.tables import AUDIT


class CatalogDatabase:
    """A database through SQLAlchemy, at the schema that this code knows.

    Parameters
    ----------
    url : str
        ``sqlite:///path``, where the file and its folder are made if they are absent,
        or ``postgresql://...``.
    clock : Clock
        Says when a row was written.

    Raises
    ------
    InputError
        Another kind of URL, no database, or one that a newer Tradeloop wrote.
    """

    def __init__(self, url: str, clock: Clock) -> None:
        self._opened, self._clock = open_database(url), clock
        self._engine = self._opened.engine
        try:
            self._upgrade()
        except BaseException:
            self._engine.dispose()
            raise

    def close(self) -> None:
        """Close the connections."""
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
                    f"{self._opened.place}: audit entry {row.seq} does not match the "
                    "hash under which it was written, or one before it was removed. "
                    "Restore the catalog from a backup."
                )
            previous = row.chain
        return len(rows)

    def _upgrade(self) -> None:
        table = self._opened.version_table
        with self.reading() as connection:
            if self._is_current(connection, table):
                return
        with self._told(), self._engine.begin() as connection:
            # Another process may have done it while this one waited for the lock.
            if not self._is_current(connection, table):
                upgrade("catalog", connection, table=table)

    def _is_current(self, connection: sa.Connection, table: str) -> bool:
        revision = _revision(connection, table)
        return is_current("catalog", revision, self._opened.place)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say what the database says in our words."""
        try:
            yield
        except sa.exc.DBAPIError as error:
            raise self._opened.said(error) from error


def _revision(connection: sa.Connection, table: str) -> str | None:
    if not sa.inspect(connection).has_table(table):
        return None
    revision = sa.table(table, sa.column("version_num", sa.String))
    return connection.execute(sa.select(revision.c.version_num)).scalar()
