"""One write to the catalog: look up, add, change, audit."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import sqlalchemy as sa

from tradeloop.errors import ConflictError, InputError, NotFoundError
from tradeloop.events import AuditEntry, Principal
from tradeloop.stores.canonical import GENESIS, canonical, link
from tradeloop.stores.catalog_rows import Row, importance_key, quality_row
from tradeloop.stores.records import QualityRecord
from tradeloop.stores.tables import (
    AUDIT,
    DATASETS,
    IMPORTANCE,
    QUALITY,
    RULE_VERSIONS,
)

CHAINED = tuple(c for c in AUDIT.columns if c.name != "chain")
_CHUNK = 500  # parameters of one query; old SQLite libraries take 999


class Write:
    """One transaction of a principal.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        Stands in a transaction; whoever opened it commits it.
    principal : Principal
        Whose write it is.
    now_ns : int
        When it came to us, ns UTC.
    """

    def __init__(
        self, connection: sa.Connection, principal: Principal, now_ns: int
    ) -> None:
        self.connection, self.now_ns = connection, now_ns
        self.owner = {"tenant": principal.tenant, "principal": principal.name}
        self._content = GENESIS

    def note(self, table: sa.Table, row: Mapping[str, Any]) -> None:
        """Take a row that is written into the hash that the audit entry keeps."""
        for column in table.columns:
            _check_length(table, column, row.get(column.name))
        content = _text({k: v for k, v in row.items() if k != "id"})
        self._content = link(self._content, (table.name, content))

    def audit(self, entry: AuditEntry) -> None:
        """Write the audit entry, chained to the one before it."""
        last = sa.select(AUDIT.c.seq, AUDIT.c.chain).order_by(AUDIT.c.seq.desc())
        found = self.connection.execute(last.limit(1)).first()
        seq, previous = (found.seq, found.chain) if found else (0, GENESIS)
        row = {
            "seq": seq + 1,
            "tenant": entry.principal.tenant,
            "principal": entry.principal.name,
            "at_ns": entry.at_ns,
            "action": entry.action,
            "subject": entry.subject,
            "detail": entry.detail,
            "content_sha": self._content,
            "recorded_ns": self.now_ns,
        }
        row["chain"] = link(previous, [row[column.name] for column in CHAINED])
        self.connection.execute(AUDIT.insert(), row)

    def find(self, table: sa.Table, name: str, value: Any) -> Row | None:
        """Return the tenant's row of which a column has this value."""
        mine = table.c.tenant == self.owner["tenant"]
        query = sa.select(table).where(mine, table.c[name] == value)
        found = self.connection.execute(query).mappings().first()
        return None if found is None else dict(found)

    def _there(self, table: sa.Table, name: str, value: Any) -> bool:
        """Whether the tenant has such a row; its content is not read."""
        mine = table.c.tenant == self.owner["tenant"]
        query = sa.select(table.c.id).where(mine, table.c[name] == value)
        return self.connection.execute(query).first() is not None

    def find_all(
        self, table: sa.Table, name: str, values: Sequence[str]
    ) -> dict[str, Row]:
        """Return the tenant's rows of which a column has one of these, by value."""
        found: dict[str, Row] = {}
        mine = table.c.tenant == self.owner["tenant"]
        for start in range(0, len(values), _CHUNK):
            some = table.c[name].in_(values[start : start + _CHUNK])
            query = sa.select(table).where(mine, some)
            for row in self.connection.execute(query).mappings():
                found[row[name]] = dict(row)
        return found

    def add(self, table: sa.Table, key: str, row: Row) -> None:
        """Add a row under an id that its key gives."""
        made = {"id": self.id_of(table, key), "created_at": self.now_ns}
        full = {**made, **self.owner, **row}
        self.note(table, full)
        self.connection.execute(table.insert(), full)

    def id_of(self, table: sa.Table, key: str) -> UUID:
        """Make the same id for the same key: a rebuilt catalog has the same ids."""
        return uuid5(NAMESPACE_OID, canonical([table.name, self.owner["tenant"], key]))

    def change(self, table: sa.Table, known: Row, row: Row) -> None:
        """Change a row that is there."""
        self.note(table, row)
        of_known = table.c.id == known["id"]
        self.connection.execute(table.update().where(of_known), row)

    def remove(self, table: sa.Table, name: str, value: Any) -> int:
        """Remove the tenant's rows of which a column has this value; say how many."""
        mine = (table.c.tenant == self.owner["tenant"], table.c[name] == value)
        query = sa.select(table).where(*mine).order_by(table.c.id)
        gone = [dict(row) for row in self.connection.execute(query).mappings()]
        for row in gone:
            kept = {k: v for k, v in row.items() if k != "id"}
            self._content = link(self._content, (table.name, "gone", _text(kept)))
        self.connection.execute(table.delete().where(*mine))
        return len(gone)

    def add_version(self, row: Row) -> None:
        """Write down a labelling rule as it is from now on, under the next number."""
        name, table = row["rule_name"], RULE_VERSIONS
        mine = (table.c.tenant == self.owner["tenant"], table.c.rule_name == name)
        query = sa.select(sa.func.max(table.c.version)).where(*mine)
        number = (self.connection.execute(query).scalar() or 0) + 1
        self.add(table, f"{name}:{number}", {**row, "version": number})

    def add_report(self, report: QualityRecord) -> None:
        """Add a quality report of a dataset that is there; the same one only once."""
        if not self._there(DATASETS, "dataset_id", report.dataset_id):
            raise NotFoundError(f"No dataset has the id {report.dataset_id!r}.")
        row = quality_row(report)
        key = canonical(row)
        if not self._there(QUALITY, "id", self.id_of(QUALITY, key)):
            self.add(QUALITY, key, row)

    def add_importance(self, row: Row) -> bool:
        """Add a row unless it is there; another figure under its key is refused."""
        key = importance_key(row)
        known = self.find(IMPORTANCE, "id", self.id_of(IMPORTANCE, key))
        if known is not None and differs(known, row):
            raise ConflictError(
                f"The importance {key!r} is there with other figures. What was found "
                "out at one time does not change: give the new figures their own."
            )
        if known is None:
            self.add(IMPORTANCE, key, row)
        return known is None


def differs(known: Row, row: Row, *, leave: Collection[str] = ()) -> bool:
    """Whether a stored row has another content than ``row``, but for some columns."""
    names = row.keys() - set(leave)
    there = _text({name: known[name] for name in names})
    return there != _text({name: row[name] for name in names})


def _text(row: Mapping[str, Any]) -> str:
    """One text per content; the id of another row is JSON as text."""
    return canonical({k: str(v) if isinstance(v, UUID) else v for k, v in row.items()})


def _check_length(table: sa.Table, column: sa.Column[Any], value: Any) -> None:
    """SQLite keeps texts of any length, PostgreSQL does not: refuse them alike."""
    length = getattr(column.type, "length", None)
    if length is not None and isinstance(value, str) and len(value) > length:
        raise InputError(
            f"{table.name}.{column.name} holds up to {length} characters, was "
            f"{len(value)}: {value!r:.60}.",
            way_out="Give a shorter one.",
        )
