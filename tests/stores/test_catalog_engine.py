"""The catalog's database: settings, upgrades, refusals, and the audit chain."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from tradeloop.clock import ReplayClock
from tradeloop.errors import (
    BusyError,
    DamagedError,
    InputError,
)
from tradeloop.events import AuditEntry, DatasetType, Principal
from tradeloop.stores import catalog_dialects, schema, tables
from tradeloop.stores.catalog import Catalog, open_catalog
from tradeloop.stores.records import (
    FeatureDefinition,
    ImportanceRecord,
)

ANN, BOB = Principal("acme", "ann"), Principal("other", "bob")
AUDIT = AuditEntry(ANN, 5, "register dataset", "d")
CLOCK = ReplayClock(1_750_000_000_000_000_000)
FEATURE = FeatureDefinition(
    feature_name="rsi_14",
    feature_type="float64",
    feature_category="technical",
    calculation_method="100 - 100 / (1 + gain / loss)",
    data_sources=("close",),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store" / "catalog.db"


@pytest.fixture
def catalog(path: Path):
    with open_catalog(f"sqlite:///{path}", CLOCK) as opened:
        yield opened


TAMPERING = {
    "edited": "UPDATE audit_entries SET subject = 'other' WHERE seq = 2",
    "deleted": "DELETE FROM audit_entries WHERE seq = 2",
    "moved": "UPDATE audit_entries SET seq = 9 WHERE seq = 2",
    "other content": "UPDATE audit_entries SET content_sha = 'x' WHERE seq = 2",
}


@pytest.mark.parametrize("sql", TAMPERING.values(), ids=TAMPERING.keys())
def test_a_changed_audit_log_is_found(catalog: Catalog, sql: str):
    for k in range(3):
        catalog.define_features(ANN, [replace(FEATURE, feature_name=f"f{k}")], AUDIT)
    assert catalog.verify() == 3
    with catalog._database._engine.begin() as connection:
        connection.exec_driver_sql(sql)
    with pytest.raises(DamagedError, match="audit entry"):
        catalog.verify()


def test_the_tables_have_the_names_of_the_contract(catalog: Catalog):
    with catalog._database.reading() as connection:
        look = sa.inspect(connection)
        found = {
            name: {column["name"] for column in look.get_columns(name)}
            for name in look.get_table_names()
        }
        indexes = {i["name"] for name in found for i in look.get_indexes(name)}
    wanted = {
        "training_datasets": "id dataset_id dataset_type creation_timestamp "
        "sample_count feature_count label_distribution quality_score storage_location "
        "feature_schema label_schema created_at",
        "feature_definitions": "id feature_name feature_type feature_category "
        "calculation_method normalization_method data_sources enabled created_at",
        "labeling_rules": "id rule_name rule_type criteria thresholds enabled "
        "created_at",
        "data_quality_reports": "id dataset_id quality_metrics validation_results "
        "anomaly_results data_lineage report_timestamp created_at",
        "trading_signals": "id symbol signal_type confidence target_price stop_loss "
        "position_size reasoning model_version features created_at expires_at executed "
        "performance",
        "models": "id tenant_id user_id name version status parent_model_id metrics "
        "artefact_location",
        "training_jobs": "id",
        "model_evaluations": "id",
        "model_deployments": "id",
        "model_alerts": "id",
        "experiments": "id",
        "feature_importance_ts": "timestamp feature_name dataset_type importance_score "
        "correlation_with_outcome information_gain mutual_information created_at",
    }
    for name, columns in wanted.items():
        assert {*columns.split(), "tenant", "principal"} <= found[name]
    assert {
        "idx_training_datasets_type_time",
        "idx_feature_definitions_category",
        "idx_labeling_rules_type",
        "idx_data_quality_dataset_time",
        "idx_signals_symbol_time",
        "idx_signals_active",
        "idx_feature_importance_name_time",
    } <= indexes


def without_schemas() -> sa.MetaData:
    """The tables as SQLite has them."""
    flat = sa.MetaData()
    for table in tables.METADATA.tables.values():
        table.to_metadata(
            flat, schema=None, referred_schema_fn=lambda *_: sa.schema.BLANK_SCHEMA
        )
    return flat


def test_the_migrations_make_what_the_models_say(catalog: Catalog):
    with catalog._database.reading() as connection:
        # Descending indexes are compared as SQL below: Alembic cannot.
        context = MigrationContext.configure(
            connection,
            opts={"include_object": lambda _, __, kind, *___: kind != "index"},
        )
        assert compare_metadata(context, without_schemas()) == []
        made = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE name LIKE 'idx_%' ORDER BY name"
        ).all()
    declared = {
        index.name: str(sa.schema.CreateIndex(index).compile(connection.engine))
        for table in without_schemas().tables.values()
        for index in table.indexes
    }
    assert dict(map(tuple, made)) == declared


@pytest.mark.parametrize("database", ["journal", "catalog"])
def test_the_revisions_found_by_name_are_those_of_alembic(database):
    script = ScriptDirectory.from_config(schema._config(database))
    known = [revision.revision for revision in script.walk_revisions()]
    assert tuple(reversed(known)) == schema.revisions(database)
    assert script.get_heads() == [schema.head(database)]


def test_the_models_compile_for_postgresql():
    dialect = sa.dialects.postgresql.dialect()
    made = "".join(
        str(sa.schema.CreateTable(table).compile(dialect=dialect))
        for table in tables.METADATA.tables.values()
    )
    for part in ("id UUID", "id BIGSERIAL", "TIMESTAMP WITH TIME ZONE", "JSON"):
        assert part in made


def test_a_catalog_of_a_newer_tradeloop_is_refused(path: Path):
    open_catalog(f"sqlite:///{path}", CLOCK).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(InputError, match="9999, newer"):
        open_catalog(f"sqlite:///{path}", CLOCK)


def test_a_catalog_of_the_first_schema_keeps_its_rows_and_takes_importance(path: Path):
    path.parent.mkdir()
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config = schema._config("catalog")
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql(
            "INSERT INTO feature_definitions VALUES (?, 'acme', 'ann', 'rsi_14', "
            "'float64', 'technical', 'formula', 'none', '[]', 1, '2024-01-01')",
            ("0" * 32,),
        )
    engine.dispose()
    row = ImportanceRecord(
        at_ns=1_700_000_000_000_000_000,
        feature_name="rsi_14",
        dataset_type=DatasetType.SIGNAL_GENERATION,
        importance_score=0.1,
    )
    with open_catalog(f"sqlite:///{path}", CLOCK) as catalog:
        assert [each.feature_name for each in catalog.features(ANN)] == ["rsi_14"]
        catalog.add_importance(ANN, [row], AUDIT)
        assert catalog.importance(ANN) == [row]


def test_an_upgrade_that_fails_leaves_the_file_as_it_was(path: Path, monkeypatch):
    def breaks(database, connection, *, table):
        connection.exec_driver_sql("CREATE TABLE half (x)")
        raise OSError("killed")

    monkeypatch.setattr("tradeloop.stores.catalog_engine.upgrade", breaks)
    with pytest.raises(OSError, match="killed"):
        open_catalog(f"sqlite:///{path}", CLOCK)
    monkeypatch.undo()
    with open_catalog(f"sqlite:///{path}", CLOCK) as catalog:
        assert catalog.datasets(ANN) == []
        with catalog._database.reading() as connection:
            assert not sa.inspect(connection).has_table("half")


def test_an_up_to_date_catalog_opens_without_alembic(path: Path, monkeypatch):
    open_catalog(f"sqlite:///{path}", CLOCK).close()
    monkeypatch.setattr(schema, "_config", None)
    with open_catalog(f"sqlite:///{path}", CLOCK) as catalog:
        assert catalog.datasets(ANN) == []


def test_the_settings_are_those_of_a_rollback_journal(catalog: Catalog):
    with catalog._database.reading() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert found == ["delete", 2, 1]


def test_a_catalog_that_another_program_writes_is_busy(path: Path, monkeypatch):
    monkeypatch.setitem(catalog_dialects._SETTINGS, "busy_timeout", 20)
    with open_catalog(f"sqlite:///{path}", CLOCK) as catalog:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(BusyError, match="locked"):
            catalog.define_features(ANN, [FEATURE], AUDIT)
        other.execute("ROLLBACK")
        other.close()
        assert catalog.define_features(ANN, [FEATURE], AUDIT) == {"rsi_14": "added"}


@pytest.mark.parametrize("url", ["mysql://h/d", "sqlite://", "catalog.db", ""])
def test_a_url_that_is_no_file_is_refused(url: str):
    with pytest.raises(InputError, match="sqlite:///"):
        open_catalog(url, CLOCK)


def test_a_file_that_is_no_database_is_refused(path: Path):
    path.parent.mkdir()
    path.write_bytes(b"decision_id,side\n" * 500)
    with pytest.raises(InputError, match="no catalog"):
        open_catalog(f"sqlite:///{path}", CLOCK)
