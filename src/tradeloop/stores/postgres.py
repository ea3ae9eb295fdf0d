"""The journal on PostgreSQL: what differs from the one on SQLite.

1. Several processes may write. The unit that they take turns for is the tenant, whose
   row of heads a writer locks; each tenant has hash chains of its own.
2. The outbox is ordered by (transaction, seq): positions are drawn before the commit,
   so that a later one may be seen first, and a cursor over positions alone would pass
   by the earlier one. Nothing is given while an older transaction is open.
3. All else is inherited: what is decided, what is asked, and how it is said, except
   where `postgres_sql` says it in PostgreSQL's dialect.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from tradeloop.clock import Clock
from tradeloop.errors import InputError, TradeloopError
from tradeloop.stores import journal_cursor
from tradeloop.stores import journal_sql as sql
from tradeloop.stores import postgres_sql as pg
from tradeloop.stores.base import Lease, Mark, Position, Receipt, StoredEvent
from tradeloop.stores.canonical import GENESIS
from tradeloop.stores.journal import Journal
from tradeloop.stores.journal_prepare import Prepared
from tradeloop.stores.journal_read import _stored
from tradeloop.stores.postgres_database import PostgresDatabase
from tradeloop.stores.postgres_verify import verify_tenants
from tradeloop.stores.postgres_write import GroupWrite


def open_postgres(
    url: str, clock: Clock, *, read_only: bool = False
) -> "PostgresJournal":
    """Open the journal in a PostgreSQL database; use it in a ``with`` statement.

    Parameters
    ----------
    url : str
        ``postgresql://user@host:port/database``, with libpq's parameters. A writer
        makes the tables, or upgrades them, where it must.
    clock : Clock
        Says when an event came to us, and when a lease is over.
    read_only : bool
        Change nothing; a standby will do.

    Raises
    ------
    InputError
        A server that may lose what it has committed (``fsync`` or
        ``full_page_writes`` off), no journal, or one of a newer Tradeloop.
    MissingExtraError
        The driver is not installed.
    """
    return PostgresJournal(PostgresDatabase(url, read_only=read_only), clock)


class PostgresJournal(Journal):
    """The journal on PostgreSQL; follows `tradeloop.stores.base.EventLog`.

    Safe to use from several threads, and beside other processes that write.

    Parameters
    ----------
    database : PostgresDatabase
        The open database; the journal closes it.
    clock : Clock
        Says when an event came to us.
    """

    def __init__(self, database: PostgresDatabase, clock: Clock) -> None:
        super().__init__(cast("Any", database), clock)

    def outbox(self, after: Position, limit: int) -> list[tuple[Position, StoredEvent]]:
        """Return durable events of all tenants after a position, in outbox order.

        None is given while a transaction that began before its own is open, of any
        program on the server: one that hangs stops the outbox until the server ends it.

        Raises
        ------
        InputError
            A limit below 1.
        """
        if limit < 1:
            raise InputError(
                f"No place in this outbox: limit {limit}.",
                way_out="Ask for one event or more.",
            )
        rows = self._read(pg.OUTBOX, (*after, limit))
        return [((row[0], row[1]), _stored(row[1:])) for row in rows]

    def lease(self, name: str, owner: str, for_ns: int) -> Lease:
        """Take or renew a cursor's lease; a cursor that is not there begins at `START`.

        Raises
        ------
        BusyError
            Another owner holds it, and its time is not over.
        """
        with self._database.writing() as connection:
            connection.execute(pg.ADD_CURSOR, (name,))
            connection.execute(sql.CURSOR, (name,))  # the time is read under the lock
            now_ns = self._clock.now_ns()
            return journal_cursor.lease(connection, name, owner, now_ns, for_ns)

    def backup(self, path: Path) -> Mark:
        """Refuse: PostgreSQL has its own tools for that."""
        raise InputError(
            f"A journal on PostgreSQL is not copied to a file ({path}).",
            way_out="Use pg_basebackup with archived WAL, or pg_dump; keep `head`.",
        )

    def verify(self, anchor: str = GENESIS) -> int:
        """Recompute all hashes, tenant by tenant.

        Parameters
        ----------
        anchor : str
            An earlier `head`: the last audit entry of each tenant, as JSON.

        Returns
        -------
        int
            Number of events checked.

        Raises
        ------
        DamagedError
            Something was changed, removed, moved or put in; names the first.
        """
        with self._database.reading() as connection:
            return verify_tenants(cast("Any", connection), anchor)

    @contextmanager
    def _write(self) -> Iterator[Any]:
        with self._database.writing() as connection:
            yield GroupWrite(connection, self._clock)

    def _store(
        self, prepared: list[Prepared]
    ) -> Sequence[list[Receipt] | TradeloopError]:
        if not prepared:
            return []
        try:
            with self._write() as write:
                return cast("list[list[Receipt]]", write.store(prepared))
        except InputError as error:
            if len(prepared) == 1:
                return [error]
            # One of them is more than PostgreSQL takes: each by itself, then.
            return [self._store([one])[0] for one in prepared]
