"""Signals in the catalog: those that hold, what became of them, and the archive.

A row of a signal never changes but for what came of it: whether it was executed, and
its performance. An expired one moves to the archive, whole, with its number.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from tradeloop.errors import ConflictError, NotFoundError
from tradeloop.events import AuditEntry, Principal
from tradeloop.stores import catalog_rows as rows
from tradeloop.stores.catalog_engine import CatalogDatabase
from tradeloop.stores.catalog_write import Write, differs
from tradeloop.stores.records import SignalRecord, StoredSignal
from tradeloop.stores.tables import SIGNALS
from tradeloop.stores.tables_signals import ARCHIVED_SIGNALS

_AT_ONCE = 10_000
_KEYS = 500  # parameters of one query; old SQLite libraries take 999
_OUTCOME = ("executed", "performance")


class SignalCatalog:
    """Signals of all tenants; each method sees the tenant of its principal.

    Parameters
    ----------
    database : CatalogDatabase
        The open database.
    """

    def __init__(self, database: CatalogDatabase) -> None:
        self._database = database

    def add(
        self, principal: Principal, signals: Sequence[SignalRecord], audit: AuditEntry
    ) -> list[int]:
        """Keep signals, see `Catalog.add_signals`; what came of them may differ."""
        given = [(signal.key, rows.signal_row(signal)) for signal in signals]
        keys = [key for key, _ in given]
        with self._database.writing(principal, audit) as write:
            there = _known(write, list(_numbers(write, keys)))
            new: dict[str, rows.Row] = {}
            for key, row in given:
                known = there.get(key) or new.get(key)
                if known is None:
                    new[key] = {**write.owner, **row, "recorded_at": write.now_ns}
                    write.note(SIGNALS, new[key])
                elif differs(known, row, leave=_OUTCOME):
                    raise ConflictError(
                        f"The signal {key!r} is there with another content. "
                        "A signal does not change: give the new one its own key."
                    )
            if new:
                write.connection.execute(SIGNALS.insert(), list(new.values()))
            numbers = _numbers(write, keys)
        return [numbers[key] for key in keys]

    def active(
        self,
        principal: Principal,
        now_ns: int,
        symbol: str | None = None,
        *,
        limit: int = 1_000,
    ) -> list[StoredSignal]:
        """Return signals that hold at ``now_ns`` and were not executed, newest first.

        Parameters
        ----------
        principal : Principal
            Whose they are.
        now_ns : int
            Time, ns UTC; a signal that expires then no longer holds.
        symbol : str, optional
            Of this symbol only.
        limit : int
            At most so many.
        """
        table = SIGNALS.c
        holds = sa.not_(table.executed) & (table.expires_at > now_ns)
        query = _mine(SIGNALS, principal).where(holds, table.created_at <= now_ns)
        if symbol is not None:
            query = query.where(table.symbol == symbol)
        newest = query.order_by(table.created_at.desc(), table.id.desc())
        return self._read(newest.limit(limit))

    def past(
        self, principal: Principal, symbol: str | None = None, *, limit: int = 1_000
    ) -> list[StoredSignal]:
        """Return archived signals, the newest first."""
        table = ARCHIVED_SIGNALS.c
        query = _mine(ARCHIVED_SIGNALS, principal)
        if symbol is not None:
            query = query.where(table.symbol == symbol)
        newest = query.order_by(table.created_at.desc(), table.id.desc())
        return self._read(newest.limit(limit))

    def find(self, principal: Principal, name: str) -> StoredSignal:
        """Return a signal by its number or its key, from the archive too.

        Raises
        ------
        NotFoundError
            The tenant has no such signal.
        """
        for table in (SIGNALS, ARCHIVED_SIGNALS):
            by = table.c.signal_key == name
            if name.isdigit():
                by = by | (table.c.id == int(name))
            found = self._read(_mine(table, principal).where(by).limit(1))
            if found:
                return found[0]
        raise NotFoundError(
            f"There is no signal {name!r}. List them: tradeloop signals list."
        )

    def settle(
        self,
        principal: Principal,
        outcomes: Mapping[str, Mapping[str, Any]],
        audit: AuditEntry,
        *,
        executed: bool | None = None,
    ) -> int:
        """Write down what came of signals; return how many rows changed.

        Parameters
        ----------
        principal : Principal
            Whose they are.
        outcomes : mapping of key to mapping
            Performance of each signal, as JSON can hold it; empty: leave it.
        audit : AuditEntry
            Committed with it.
        executed : bool, optional
            Whether they were traded; None leaves that.
        """
        changed = 0
        with self._database.writing(principal, audit) as write:
            for key, performance in sorted(outcomes.items()):
                new: dict[str, Any] = {}
                if performance:
                    new["performance"] = dict(performance)
                if executed is not None:
                    new["executed"] = executed
                for table in (SIGNALS, ARCHIVED_SIGNALS):
                    known = write.find(table, "signal_key", key)
                    if known is not None and any(known[n] != v for n, v in new.items()):
                        write.change(table, known, new)
                        changed += 1
        return changed

    def archive(self, principal: Principal, now_ns: int, audit: AuditEntry) -> int:
        """Move signals that expired by ``now_ns`` to the archive; return how many."""
        table, moved = SIGNALS.c, 0
        with self._database.writing(principal, audit) as write:
            over = _mine(SIGNALS, principal).where(table.expires_at <= now_ns)
            query = over.order_by(table.id).limit(_AT_ONCE)
            while found := write.connection.execute(query).mappings().all():
                gone = [{**row, "archived_at": write.now_ns} for row in found]
                for row in gone:
                    write.note(ARCHIVED_SIGNALS, row)
                write.connection.execute(ARCHIVED_SIGNALS.insert(), gone)
                ids = [row["id"] for row in found]
                write.connection.execute(
                    SIGNALS.delete()
                    .where(table.id >= ids[0], table.id <= ids[-1])
                    .where(table.expires_at <= now_ns)
                    .where(table.tenant == principal.tenant)
                )
                moved += len(gone)
        return moved

    def last_recorded_ns(self, principal: Principal) -> int:
        """Return when the newest signal came to the catalog, ns UTC; 0 for none."""
        times = []
        with self._database.reading() as connection:
            for table in (SIGNALS, ARCHIVED_SIGNALS):
                newest = sa.select(sa.func.max(table.c.recorded_at)).where(
                    table.c.tenant == principal.tenant
                )
                times.append(connection.execute(newest).scalar() or 0)
        return max(times)

    def _read(self, query: "sa.Select[Any]") -> list[StoredSignal]:
        with self._database.reading() as connection:
            found = connection.execute(query).mappings()
            return [rows.signal(dict(row)) for row in found]


def _numbers(write: Write, keys: list[str]) -> dict[str, int]:
    """Return the numbers of the keys that are there, from the archive too, by key."""
    found: dict[str, int] = {}
    for table in (ARCHIVED_SIGNALS, SIGNALS):
        mine = table.c.tenant == write.owner["tenant"]
        for start in range(0, len(keys), _KEYS):
            some = table.c.signal_key.in_(keys[start : start + _KEYS])
            query = sa.select(table.c.signal_key, table.c.id).where(mine, some)
            found |= {row.signal_key: row.id for row in write.connection.execute(query)}
    return found


def _known(write: Write, keys: list[str]) -> dict[str, rows.Row]:
    """Return the rows of these keys, from the archive too, by key."""
    archived = write.find_all(ARCHIVED_SIGNALS, "signal_key", keys)
    return {**archived, **write.find_all(SIGNALS, "signal_key", keys)}


def _mine(table: sa.Table, principal: Principal) -> "sa.Select[Any]":
    return sa.select(table).where(table.c.tenant == principal.tenant)
