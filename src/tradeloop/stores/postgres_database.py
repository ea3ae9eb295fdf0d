"""PostgreSQL through psycopg: a server that keeps what it commits, one transaction.

1. Each new connection asks for the settings without which a commit is no promise, and
   is refused where one of them is off.
2. Each transaction says itself how it wants to be committed, so that no default of a
   role or a database weakens it, and works behind a pooler of transactions.
3. A write is done when the server has answered COMMIT. Where the connection is lost
   before, nobody knows: the error says so, the next write opens another connection,
   and what is sent again and was there is answered ``duplicate``.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import TYPE_CHECKING, Any

from tradeloop.errors import BusyError, InputError, OverloadedError, TradeloopError
from tradeloop.stores.postgres_errors import (
    driver,
    first_line,
    patient,
    place_of,
    refused,
    told,
)
from tradeloop.stores.postgres_sql import NEW_LIFE, SAME_LIFE, translated
from tradeloop.stores.schema import is_current, upgrade

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]
    Cursor = psycopg.Cursor[tuple[Any, ...]]

_SAFE = 140_000  # the oldest version that the community still mends
_NEEDED = {
    "fsync": "on",
    "full_page_writes": "on",  # else a power cut tears pages
    "server_encoding": "UTF8",
}
# One stuck transaction holds the locks of its tenants and stops every outbox.
_LIMITS = "SET LOCAL idle_in_transaction_session_timeout = '30s'"
_WRITE = (
    "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; "
    f"SET LOCAL synchronous_commit = on; SET LOCAL lock_timeout = '30s'; {_LIMITS}"
)
_READ = f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {_LIMITS}"
_RETRY_S = 1.0
_SPARE_READERS = 4
_AT_ONCE = 2_000  # rows of a stream
_KEY = 0x74_72_61_64_65  # lock of the schema: "trade"


class Translated:
    """A connection that understands the queries of `journal_sql`.

    Parameters
    ----------
    connection : psycopg.Connection
        Stands in a transaction.
    """

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection

    def execute(self, query: str, values: Any = ()) -> "Cursor":
        """Run a query of `journal_sql` or `postgres_sql`."""
        return self._connection.execute(translated(query), values)

    def stream(self, query: str) -> "Iterator[tuple[Any, ...]]":
        """Run a query of which the answer may not fit in memory."""
        with self._connection.cursor("stream") as cursor:
            cursor.itersize = _AT_ONCE
            yield from cursor.execute(query)


class PostgresDatabase:
    """One PostgreSQL database at the schema that this code knows.

    One connection writes, under a lock; readers have connections of their own, so that
    a long look at the journal does not hold up a write.

    Parameters
    ----------
    url : str
        ``postgresql://user@host:port/database``, with libpq's parameters.
    read_only : bool
        Change nothing; a standby will do.

    Raises
    ------
    InputError
        No such database, settings that lose commits, or another schema.
    MissingExtraError
        The driver is not installed.
    """

    def __init__(self, url: str, *, read_only: bool) -> None:
        self._driver, self.place = driver(), place_of(url)
        self._url, self.read_only, self._pid = patient(url), read_only, os.getpid()
        self._turn, self._is_open, self._closed = Lock(), False, False
        self._writers: list[Connection] = []
        self._readers: list[Connection] = []
        try:
            with self._telling():
                self._prepare()
        except BaseException:
            self.close()
            raise
        self._is_open = True

    def close(self) -> None:
        """Close the connections."""
        self._closed = True
        if self._pid == os.getpid():
            for spare in (self._writers, self._readers):
                while spare:
                    spare.pop().close()

    @contextmanager
    def writing(self) -> Iterator[Translated]:
        """One transaction: durable when it ends, as if never begun when it raises."""
        if self.read_only:
            raise InputError(
                "The journal is open for reading only.",
                way_out="Open it without read_only.",
                source=self.place,
            )
        with self._turn, self._transaction(_WRITE, self._writers, 1) as connection:
            yield Translated(connection)

    @contextmanager
    def reading(self) -> Iterator[Translated]:
        """One snapshot of what is committed."""
        with self._transaction(_READ, self._readers, _SPARE_READERS) as connection:
            yield Translated(connection)

    @contextmanager
    def _transaction(
        self, begin: str, spare: "list[Connection]", most: int
    ) -> "Iterator[Connection]":
        if self._pid != os.getpid():
            raise BusyError(
                f"{self.place} was opened by process {self._pid}, this is "
                f"{os.getpid()}. Open it in the process that uses it."
            )
        with self._telling():
            connection = self._begun(begin, spare)
            try:
                yield connection
                self._commit(connection)
            except BaseException:
                with suppress(self._driver.Error):
                    connection.execute("ROLLBACK")
                raise
            finally:
                if not self._closed and len(spare) < most and _is_idle(connection):
                    spare.append(connection)
                else:
                    connection.close()

    def _commit(self, connection: "Connection") -> None:
        said = connection.execute("COMMIT").statusmessage
        if said != "COMMIT":  # a failed transaction is answered with ROLLBACK
            raise TradeloopError(f"{self.place} answered {said} to COMMIT.")

    def _begun(self, begin: str, spare: "list[Connection]") -> "Connection":
        """Begin a transaction; spare connections that died since are thrown away."""
        while True:
            try:
                connection = spare.pop()
            except IndexError:
                break
            try:
                connection.execute(begin)
            except self._driver.OperationalError:
                connection.close()
            else:
                return connection
        connection = self._connected()
        try:
            self._examine(connection, writes=begin == _WRITE)
            connection.execute(begin)
        except BaseException:
            connection.close()
            raise
        return connection

    def _connected(self) -> "Connection":
        try:
            # Prepared statements of a session do not survive a pooler of transactions.
            connection: Connection = self._driver.connect(
                self._url, autocommit=True, prepare_threshold=None
            )
        except self._driver.OperationalError as error:
            message = f"{self.place} cannot be reached: {first_line(error)}."
            if self._is_open:
                raise OverloadedError(message, retry_after_s=_RETRY_S) from error
            raise InputError(
                message, way_out="Start the server, or give another URL."
            ) from error
        return connection

    def _examine(self, connection: "Connection", *, writes: bool) -> None:
        """Refuse a server that does not keep what it commits."""
        version = connection.info.server_version
        if version < _SAFE:
            what = f"is PostgreSQL {version // 10_000}"
            raise refused(self.place, what, f"{_SAFE // 10_000} or newer")
        query = "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)"
        for name, setting in connection.execute(query, (list(_NEEDED),)):
            if setting != _NEEDED[name]:
                raise refused(self.place, f"has {name} = {setting}", _NEEDED[name])
        standby = connection.execute("SELECT pg_is_in_recovery()").fetchone()
        if writes and standby == (True,):
            raise refused(self.place, "is a standby", "the primary")

    def _prepare(self) -> None:
        with self.reading() as read:
            current = is_current("journal", _revision(read), self.place)
        if self.read_only and not current:
            raise InputError(
                "The journal is not there, or has an older schema.",
                way_out="Open it once for writing; that makes or upgrades it.",
                source=self.place,
            )
        if not current:
            self._upgrade()
        if not self.read_only:
            with self.writing() as write:
                if write.execute(SAME_LIFE).fetchone() != (True,):
                    write.execute(NEW_LIFE)

    def _upgrade(self) -> None:
        """Upgrade in one transaction, one process at a time."""
        import sqlalchemy as sa  # noqa: PLC0415 - only needed once per database

        engine = sa.create_engine(
            "postgresql+psycopg://",
            creator=lambda: self._driver.connect(self._url),
            poolclass=sa.NullPool,
        )
        with engine.begin() as connection:
            connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_KEY})"))
            connection.execute(sa.text("SET LOCAL synchronous_commit = on"))
            # Another process may have been faster; Alembic looks again.
            upgrade("journal", connection)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except self._driver.Error as error:
            raise told(error, self.place) from error


def _revision(connection: Translated) -> str | None:
    found = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
    if found == (None,):
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])


def _is_idle(connection: "Connection") -> bool:
    return not connection.closed and connection.info.transaction_status == 0
