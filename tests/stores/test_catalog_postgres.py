"""The catalog on a real PostgreSQL: the same laws, the registry in its own schema."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from stores.test_catalog import AUDIT, DATASET, FEATURE, REPORT, SIGNAL
from stores.test_catalog_models import ANN, BOB, MODEL, audit, kept, promoted, stages
from tradeloop.clock import ReplayClock
from tradeloop.errors import ConflictError, InputError
from tradeloop.stores import tables
from tradeloop.stores.catalog import open_catalog
from tradeloop.stores.opening import open_log
from tradeloop.stores.records_models import Grounds

CLOCK = ReplayClock(1_750_000_000_000_000_000)
BY = Grounds(reason="worse", approver="ann", role="approver")


@pytest.fixture(scope="module")
def url(postgres: str):
    """A database of its own: the registry's schema has one name."""
    place = f"{postgres}&dbname=registry"
    engine = sa.create_engine(
        "postgresql+psycopg://", creator=lambda: _connect(postgres)
    )
    with engine.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE IF EXISTS registry")
        connection.exec_driver_sql("CREATE DATABASE registry")
    engine.dispose()
    return place


def _ours(thing, name, kind, *_):
    """Tables and columns; descending indexes Alembic cannot compare."""
    known = {table.name for table in tables.METADATA.tables.values()}
    return kind != "index" and (kind != "table" or name in known)


def _connect(url: str):
    import psycopg  # noqa: PLC0415 - a test dependency

    return psycopg.connect(url, autocommit=True)


@pytest.fixture(scope="module")
def catalog(url: str):
    with open_log(url, CLOCK), open_catalog(url, CLOCK) as opened:
        yield opened


def test_records_come_back_and_the_audit_chain_holds(catalog):
    catalog.register_dataset(ANN, DATASET, AUDIT, report=REPORT)
    catalog.define_features(ANN, [FEATURE], AUDIT)
    catalog.add_signals(ANN, [SIGNAL], AUDIT)
    assert catalog.datasets(ANN) == [DATASET]
    assert catalog.features(ANN) == [FEATURE]
    assert catalog.signals(ANN)[0].signal.features == SIGNAL.features
    assert catalog.datasets(BOB) == []
    assert catalog.verify() == 3


def test_the_registry_lies_in_its_own_schema_as_the_models_say(catalog):
    with catalog._database.reading() as connection:
        found = sa.inspect(connection).get_table_names(schema="ml_registry")
        options = {
            "include_schemas": True,
            "include_object": lambda _, name, kind, *__: (
                kind == "table"
                and name in {t.name for t in tables.METADATA.tables.values()}
            ),
        }
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, tables.METADATA) == []
    assert {"models", "training_jobs", "model_evaluations", "experiments"} <= set(found)


def test_a_model_is_promoted_replaced_and_rolled_back(catalog):
    models = catalog.models
    one, two = promoted(models, 0), promoted(models, 1)
    assert models.aliases(ANN, "boost") == {"champion": two}
    models.roll_back(ANN, "boost", BY, audit())
    assert stages(models) == {one: "production", two: "archived"}
    assert models.models(BOB) == []
    with pytest.raises(ConflictError):
        models.register(ANN, replace(MODEL, seed=1), audit())


def test_one_version_alone_can_be_in_production(catalog):
    kept(catalog.models, 7)
    with (
        pytest.raises(sa.exc.IntegrityError, match="idx_models_one_production"),
        catalog._database._engine.begin() as connection,
    ):
        connection.exec_driver_sql(
            "UPDATE ml_registry.models SET status = 'production'"
        )


def test_writers_wait_for_one_another_and_keep_one_chain(catalog, url):
    before = catalog.verify()
    with open_catalog(url, CLOCK) as other, ThreadPoolExecutor(4) as pool:
        for k in range(20, 28):
            pool.submit(kept, (catalog, other)[k % 2].models, k)
    assert catalog.verify() == before + 8


def test_a_server_that_is_not_there_is_named_without_its_password():
    with pytest.raises(InputError, match="cannot be reached") as told:
        open_catalog("postgresql://me:secret@127.0.0.1:1/none", CLOCK)
    assert "secret" not in str(told.value)
