"""One write to the journal on PostgreSQL: decided like SQLite's, one tenant at a time.

1. Each tenant has chains of its own, whose ends stand in its row of ``chain_head``.
2. A writer locks that row before it looks anything up: writers of one tenant follow
   each other, and see what the one before has committed; tenants do not wait for
   each other.
3. What is decided in memory goes in by one statement for each table.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import Any

from tradeloop.clock import Clock
from tradeloop.errors import InputError, TradeloopError
from tradeloop.events import AuditEntry, Principal
from tradeloop.stores import journal_sql as sql
from tradeloop.stores import postgres_sql as pg
from tradeloop.stores.base import Event, Receipt, Rejected, StateChange
from tradeloop.stores.journal_prepare import Prepared
from tradeloop.stores.journal_write import JournalWrite

_LONGEST_KEY = 2_400  # bytes; a third of a page, less what the index adds


class Positions:
    """Positions of new rows: unique over tenants, rising in each.

    Parameters
    ----------
    connection : Translated
        Stands in a transaction that holds the locks of its tenants.
    expected : mapping
        How many rows of a table will come at most: so many are drawn at once.
    """

    def __init__(self, connection: Any, expected: Mapping[sql.Insert, int]) -> None:
        self._connection, self._expected = connection, expected
        self._drawn: defaultdict[sql.Insert, deque[int]] = defaultdict(deque)

    def draw(self, table: sql.Insert) -> int:
        """Position of the next row of a table; those that are not used are left out."""
        drawn = self._drawn[table]
        if not drawn:
            wanted = (f"{pg.table(table)}_seq_seq", self._expected.get(table) or 1)
            rows = self._connection.execute(pg.NEXT, wanted).fetchall()
            drawn += (row[0] for row in rows)
        return drawn.popleft()


class TenantWrite(JournalWrite):
    """What one transaction writes for one tenant; holds the tenant's lock.

    Parameters
    ----------
    connection : Translated
        Stands in a transaction; whoever opened it commits it.
    clock : Clock
        Says when it came to us; asked when the lock is held.
    tenant : str
        Whose row of heads is locked, until the transaction ends.
    positions : Positions
        Of this transaction.
    """

    def __init__(
        self, connection: Any, clock: Clock, tenant: str, positions: Positions
    ) -> None:
        self._tenant, self._positions = tenant, positions
        super().__init__(connection, 0)
        self._now_ns = clock.now_ns()

    def look_up(self, given: Sequence[Prepared]) -> None:
        """Ask what of the tenant's submissions is there."""
        self._look_up(given)

    def submit(self, given: Prepared) -> list[Receipt]:
        """Decide what becomes of a submission that was looked up."""
        return self._submission(given)

    def flush(self) -> None:
        """Write all that was decided."""
        self._flush()

    def _next(self, table: sql.Insert, last: int) -> int:  # noqa: ARG002 - SQLite's
        return self._positions.draw(table)

    def _says_the_same(self, seq: int, sha: str) -> bool:  # noqa: ARG002 - SQLite's
        """No body was ever stored with its nulls here."""
        return False

    def _flush(self) -> None:
        for insert, values in self._rows.items():
            columns = (values[k :: insert.width] for k in range(insert.width))
            arrays = [pg.array_text(column) for column in columns]
            done: Any = self._connection.execute(pg.insert_arrays(insert), arrays)
            if done.rowcount * insert.width != len(values):
                raise TradeloopError(
                    f"Somebody writes to the table {pg.table(insert)} past the lock of "
                    f"tenant {self._tenant!r}; nothing of this write was stored."
                )
        for key, count in self._intake.items():
            self._run(sql.RECEIVE, (*key, count))
        heads = (*self._event, *self._reject, *self._state, *self._audit)
        self._connection.execute(pg.MOVE_HEADS, (*heads, self._tenant))

    def _run(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        given = (self._tenant,) if query == sql.HEADS else values
        done: Any = self._connection.execute(query, given)
        return [] if done.description is None else done.fetchall()


class GroupWrite:
    """One transaction for any tenants, with the methods of `JournalWrite`.

    Parameters
    ----------
    connection : Translated
        Stands in a transaction; whoever opened it commits it.
    clock : Clock
        Asked when a tenant's lock is held, so that times follow positions.
    """

    def __init__(self, connection: Any, clock: Clock) -> None:
        self._connection, self._clock = connection, clock
        self.quarantined = 0
        """Rows that this transaction has put in quarantine."""

    def store(self, given: Sequence[Prepared]) -> list[list[Receipt]]:
        """Store submissions, each with its audit entry."""
        for one in given:
            _check_keys(one)
        tenants: defaultdict[str, list[Prepared]] = defaultdict(list)
        for one in given:
            tenants[one.principal.tenant].append(one)
        entries = Counter(type(e.content) for one in given for e in one.entries)
        expected = {
            sql.EVENT_ROWS: entries[Event],
            sql.REJECT_ROWS: entries[Rejected],
            sql.AUDIT_ROWS: len(given),
        }
        positions = Positions(self._connection, expected)
        writes = self._locked(sorted(tenants), positions)
        for tenant, mine in tenants.items():
            writes[tenant].look_up(mine)
        receipts = [writes[one.principal.tenant].submit(one) for one in given]
        for write in writes.values():
            write.flush()
            self.quarantined += write.quarantined
        return receipts

    def settle(
        self, who: Principal, states: Sequence[StateChange], audit: AuditEntry
    ) -> None:
        """Say where decisions stand; what stands so already is not written again."""
        positions = Positions(self._connection, {sql.STATE_ROWS: len(states)})
        write = self._locked([who.tenant], positions)[who.tenant]
        write.settle(who, states, audit)

    def _locked(
        self, tenants: list[str], positions: Positions
    ) -> dict[str, TenantWrite]:
        """Lock tenants in one order, so that no writers wait in a circle."""
        self._connection.execute(pg.ADD_HEADS, (tenants,))
        return {
            tenant: TenantWrite(self._connection, self._clock, tenant, positions)
            for tenant in tenants
        }


def _check_keys(given: Prepared) -> None:
    """Refuse what does not fit in a page of an index."""
    tenant = given.principal.tenant
    for row, entry in enumerate(given.entries):
        name = entry.content.event_id if isinstance(entry.content, Event) else ""
        size = len(tenant) + len(entry.kind) + len(entry.source) + len(name)
        if size * 4 > _LONGEST_KEY:  # UTF-8 has at most four bytes for a character
            _check_key(tenant, entry.kind, entry.source, name, row=row)
    if given.consumed is not None:
        mark = given.consumed
        _check_key(tenant, mark.consumer, mark.kind, mark.event_id)


def _check_key(*parts: str, row: int | None = None) -> None:
    size = sum(len(part.encode()) for part in parts)
    if size > _LONGEST_KEY:
        raise InputError(
            f"Tenant, kind, source and id have {size:,} bytes together; the index of "
            f"PostgreSQL takes {_LONGEST_KEY:,}.",
            way_out="Give the event a shorter id, or its source a shorter name.",
            row=row,
        )
