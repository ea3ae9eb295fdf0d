"""The catalog: which datasets, features, rules, reports and signals there are.

Every write takes an audit entry and commits it in the same transaction. A name that is
there with the same content is left as it is; what is immutable (a dataset, a signal)
refuses another content, what is defined (a feature, a rule) changes, and the audit log
says so.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Self

import sqlalchemy as sa

from tradeloop.clock import Clock
from tradeloop.errors import ConflictError, NotFoundError
from tradeloop.events import AuditEntry, DatasetType, Principal
from tradeloop.stores import catalog_rows as rows
from tradeloop.stores.catalog_engine import CatalogDatabase
from tradeloop.stores.catalog_models import ModelCatalog
from tradeloop.stores.catalog_signals import SignalCatalog
from tradeloop.stores.catalog_write import differs
from tradeloop.stores.records import (
    Change,
    DatasetRecord,
    FeatureDefinition,
    ImportanceRecord,
    LabelingRule,
    QualityRecord,
    SignalRecord,
    StoredSignal,
)
from tradeloop.stores.tables import (
    AUDIT,
    DATASETS,
    FEATURES,
    IMPORTANCE,
    QUALITY,
    RULE_VERSIONS,
    RULES,
    SIGNALS,
)


def open_catalog(url: str, clock: Clock) -> "Catalog":
    """Open the catalog at ``url``; use it in a ``with`` statement.

    Parameters
    ----------
    url : str
        ``sqlite:///path`` or ``postgresql://...``; the file and the tables are made
        where they are absent, and upgraded where an older Tradeloop wrote them.
    clock : Clock
        Says when a row was written.

    Raises
    ------
    InputError
        Another kind of URL, no database, or one that a newer Tradeloop wrote.
    """
    return Catalog(CatalogDatabase(url, clock))


class Catalog:
    """The catalog of all tenants; each method sees the tenant of its principal.

    Parameters
    ----------
    database : CatalogDatabase
        The open database; the catalog closes it. ``models`` is the registry in it,
        ``trading_signals`` tells which signals hold and what came of them.
    """

    def __init__(self, database: CatalogDatabase) -> None:
        self._database, self.models = database, ModelCatalog(database)
        self.trading_signals = SignalCatalog(database)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def register_dataset(
        self,
        principal: Principal,
        dataset: DatasetRecord,
        audit: AuditEntry,
        *,
        report: QualityRecord | None = None,
    ) -> Change:
        """Say that a dataset lies in the lake, with its quality report.

        Returns
        -------
        {"added", "unchanged"}
            ``unchanged`` where the tenant has it with the same content, whenever it was
            created; its first creation time stays.

        Raises
        ------
        ConflictError
            The tenant has this dataset_id with another content.
        """
        row = rows.dataset_row(dataset)
        with self._database.writing(principal, audit) as write:
            known = write.find(DATASETS, "dataset_id", dataset.dataset_id)
            if known is None:
                write.add(DATASETS, dataset.dataset_id, row)
            elif differs(known, row, leave=("creation_timestamp",)):
                raise ConflictError(
                    f"The dataset {dataset.dataset_id!r} is registered with another "
                    "content. A dataset does not change: give the new one its own id."
                )
            if report is not None:
                write.add_report(report)
        return "added" if known is None else "unchanged"

    def remove_dataset(
        self, principal: Principal, dataset_id: str, audit: AuditEntry
    ) -> None:
        """Forget a dataset and its quality reports; the audit trail keeps the deed.

        Raises
        ------
        NotFoundError
            The tenant has no such dataset.
        """
        with self._database.writing(principal, audit) as write:
            write.remove(QUALITY, "dataset_id", dataset_id)
            if not write.remove(DATASETS, "dataset_id", dataset_id):
                raise NotFoundError(f"No dataset has the id {dataset_id!r}.")

    def define_features(
        self,
        principal: Principal,
        features: Iterable[FeatureDefinition],
        audit: AuditEntry,
    ) -> dict[str, Change]:
        """Define features by name; return what became of each."""
        given = {f.feature_name: rows.feature_row(f) for f in features}
        return self._define(principal, FEATURES, "feature_name", given, audit)

    def define_rules(
        self, principal: Principal, rules: Iterable[LabelingRule], audit: AuditEntry
    ) -> dict[str, Change]:
        """Define labeling rules by name; each change is kept as a version."""
        given = {rule.rule_name: rows.rule_row(rule) for rule in rules}
        return self._define(principal, RULES, "rule_name", given, audit)

    def add_quality_report(
        self, principal: Principal, report: QualityRecord, audit: AuditEntry
    ) -> None:
        """Keep a quality report; the same report again changes nothing.

        Raises
        ------
        NotFoundError
            The tenant has no such dataset.
        """
        with self._database.writing(principal, audit) as write:
            write.add_report(report)

    def add_importance(
        self, principal: Principal, found: Sequence[ImportanceRecord], audit: AuditEntry
    ) -> int:
        """Keep how much features mattered; return how many rows are new.

        Raises
        ------
        ConflictError
            Another figure is there for a feature, dataset type and time; none is kept.
        """
        given = [rows.importance_row(record) for record in found]
        with self._database.writing(principal, audit) as write:
            new = [row for row in given if write.add_importance(row)]
        return len(new)

    def add_signals(
        self, principal: Principal, signals: Sequence[SignalRecord], audit: AuditEntry
    ) -> list[int]:
        """Keep signals; return their numbers, in the order given.

        Raises
        ------
        ConflictError
            The tenant has a signal of the same key with another content; none of the
            group is kept.
        """
        return self.trading_signals.add(principal, signals, audit)

    def datasets(
        self, principal: Principal, dataset_type: DatasetType | None = None
    ) -> list[DatasetRecord]:
        """Return the tenant's datasets, the newest first."""
        order = (DATASETS.c.creation_timestamp.desc(), DATASETS.c.dataset_id)
        found = self._read(
            principal, DATASETS, order, {DATASETS.c.dataset_type: dataset_type}
        )
        return [rows.dataset(row) for row in found]

    def dataset(self, principal: Principal, dataset_id: str) -> DatasetRecord:
        """Return one dataset.

        Raises
        ------
        NotFoundError
            The tenant has no such dataset.
        """
        by_id = {DATASETS.c.dataset_id: dataset_id}
        found = self._read(principal, DATASETS, (DATASETS.c.id,), by_id)
        if not found:
            raise NotFoundError(f"No dataset has the id {dataset_id!r}.")
        return rows.dataset(found[0])

    def features(
        self, principal: Principal, category: str | None = None
    ) -> list[FeatureDefinition]:
        """Return the tenant's feature definitions, by name."""
        found = self._read(
            principal,
            FEATURES,
            (FEATURES.c.feature_name,),
            {FEATURES.c.feature_category: category},
        )
        return [rows.feature(row) for row in found]

    def rules(self, principal: Principal) -> list[LabelingRule]:
        """Return the tenant's labeling rules, by name."""
        found = self._read(principal, RULES, (RULES.c.rule_name,), {})
        return [rows.rule(row) for row in found]

    def rule_versions(
        self, principal: Principal, rule_name: str
    ) -> list[tuple[int, int, LabelingRule]]:
        """Return number, time (ns UTC) and content of each version, oldest first."""
        by_name = {RULE_VERSIONS.c.rule_name: rule_name}
        found = self._read(
            principal, RULE_VERSIONS, (RULE_VERSIONS.c.version,), by_name
        )
        return [(row["version"], row["created_at"], rows.rule(row)) for row in found]

    def quality_reports(
        self, principal: Principal, dataset_id: str
    ) -> list[QualityRecord]:
        """Return the quality reports of a dataset, the newest first."""
        order = (QUALITY.c.report_timestamp.desc(), QUALITY.c.id)
        by_id = {QUALITY.c.dataset_id: dataset_id}
        return [
            rows.quality(row) for row in self._read(principal, QUALITY, order, by_id)
        ]

    def importance(
        self,
        principal: Principal,
        feature_name: str | None = None,
        dataset_type: DatasetType | None = None,
    ) -> list[ImportanceRecord]:
        """Return how much features mattered, newest first, the greatest of each."""
        table = IMPORTANCE.c
        order = table.timestamp.desc(), table.importance_score.desc()
        equal = {table.feature_name: feature_name, table.dataset_type: dataset_type}
        found = self._read(principal, IMPORTANCE, (*order, table.feature_name), equal)
        return [rows.importance(row) for row in found]

    def signals(
        self, principal: Principal, symbol: str | None = None, *, limit: int = 1_000
    ) -> list[StoredSignal]:
        """Return the tenant's signals, the newest first, ``limit`` of them at most."""
        order = (SIGNALS.c.created_at.desc(), SIGNALS.c.id.desc())
        by_symbol = {SIGNALS.c.symbol: symbol}
        found = self._read(principal, SIGNALS, order, by_symbol, limit)
        return [rows.signal(row) for row in found]

    def audit_trail(self, principal: Principal) -> list[AuditEntry]:
        """Return the tenant's audit entries, in order."""
        found = self._read(principal, AUDIT, (AUDIT.c.seq,), {})
        return [rows.audit_entry(row) for row in found]

    def verify(self) -> int:
        """Recompute the hashes of all audit entries; return how many there are.

        Raises
        ------
        DamagedError
            An entry was changed, removed or moved; names the first.
        """
        return self._database.verify()

    def _define(
        self,
        principal: Principal,
        table: sa.Table,
        name: str,
        given: dict[str, rows.Row],
        audit: AuditEntry,
    ) -> dict[str, Change]:
        done: dict[str, Change] = {}
        with self._database.writing(principal, audit) as write:
            there = write.find_all(table, name, list(given))
            for key, row in given.items():
                known = there.get(key)
                if known is None:
                    write.add(table, key, row)
                    done[key] = "added"
                elif differs(known, row):
                    write.change(table, known, row)
                    done[key] = "changed"
                else:
                    done[key] = "unchanged"
                if table is RULES and done[key] != "unchanged":
                    write.add_version(row)
        return done

    def _read(
        self,
        principal: Principal,
        table: sa.Table,
        order: Sequence[Any],
        equal: dict[sa.Column[Any], Any],
        limit: int | None = None,
    ) -> list[rows.Row]:
        query = sa.select(table).where(table.c.tenant == principal.tenant)
        for column, value in equal.items():
            if value is not None:
                query = query.where(column == value)
        with self._database.reading() as connection:
            found = connection.execute(query.order_by(*order).limit(limit)).mappings()
            return [dict(row) for row in found]
