"""PostgreSQL as a place for the journal: what is refused, made, upgraded and said."""

import os
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import psycopg
import pytest

from stores.appended import ANN, CLOCK, append, events
from stores.server import empty
from tradeloop.errors import (
    BusyError,
    InputError,
    MissingExtraError,
    OverloadedError,
    TradeloopError,
)
from tradeloop.stores import journal_sql, postgres_database, postgres_sql
from tradeloop.stores.journal import Journal
from tradeloop.stores.opening import open_log
from tradeloop.stores.postgres import PostgresJournal, open_postgres
from tradeloop.stores.schema import head


def test_processes_that_start_at_once_make_the_schema_once(postgres_url: str):
    def start(k: int) -> str:
        with open_postgres(postgres_url, CLOCK) as log:
            return append(log, events(1, k))[0].status

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(start, range(4))) == ["stored"] * 4


def test_an_upgrade_that_fails_leaves_nothing(postgres_url: str, monkeypatch):
    upgrade = postgres_database.upgrade

    def breaks(database, connection) -> None:
        upgrade(database, connection)
        raise TradeloopError("power")

    monkeypatch.setattr(postgres_database, "upgrade", breaks)
    with pytest.raises(TradeloopError, match="power"):
        open_postgres(postgres_url, CLOCK)
    with psycopg.connect(postgres_url) as connection:
        query = "SELECT to_regclass('event'), to_regclass('alembic_version')"
        assert connection.execute(query).fetchone() == (None, None)


def test_a_reader_makes_no_schema(postgres_url: str):
    with pytest.raises(InputError, match="Open it once for writing"):
        open_postgres(postgres_url, CLOCK, read_only=True)


def test_a_newer_schema_is_refused(postgres_url: str):
    open_postgres(postgres_url, CLOCK).close()
    with psycopg.connect(postgres_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(InputError, match=f"up to {head('journal')}"):
        open_postgres(postgres_url, CLOCK)


def test_a_server_that_is_not_there_is_named_without_the_password(tmp_path: Path):
    url = f"postgresql://ann:secret@/trades?host={tmp_path}"
    with pytest.raises(InputError, match="cannot be reached") as caught:
        open_postgres(url, CLOCK)
    assert f"postgresql://{tmp_path}/trades" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_what_is_no_url_is_refused():
    with pytest.raises(InputError, match="no URL"):
        open_postgres("postgresql://host:port:port/?x", CLOCK)


def test_a_missing_driver_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtraError, match=r"tradeloop\[postgres\]"):
        open_postgres("postgresql://h/d", CLOCK)


def test_a_connection_that_died_between_two_writes_is_replaced(
    postgres_url: str, postgres: str
):
    with open_postgres(postgres_url, CLOCK) as log:
        append(log, events(1))
        end_sessions(postgres)
        assert append(log, events(2))[0].status == "duplicate"
        assert log.counts(ANN) == {"decision": 2}


def end_sessions(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
            "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )


@pytest.mark.parametrize("became", ["duplicate", "stored"])
def test_a_connection_lost_at_the_commit_leaves_it_open_until_sent_again(
    became: str, postgres_url: str, postgres: str
):
    with open_postgres(postgres_url, CLOCK) as log:
        append(log, events(1))
        database = log._database
        connection = database._writers[0]

        class Cut:
            """The last words of a connection, said or not before it is cut."""

            closed = False

            def execute(self, query, values=()):
                if query != "COMMIT":
                    return connection.execute(query, values)
                if became == "duplicate":
                    connection.execute("COMMIT")
                end_sessions(postgres)
                self.closed = True
                return connection.execute("SELECT 1")

            def close(self) -> None:
                connection.close()

        database._writers[0] = Cut()
        with pytest.raises(TradeloopError, match=r"is not known\. Send it again"):
            append(log, events(2))
        said = [receipt.status for receipt in append(log, events(2))]
        assert said == ["duplicate", became]
        assert log.verify() == 2


def test_a_server_that_has_gone_says_when_to_send_again(
    postgres_url: str, postgres: str
):
    with open_postgres(postgres_url, CLOCK) as log:
        here, log._database._url = log._database._url, "host=/nowhere"
        end_sessions(postgres)
        with pytest.raises(OverloadedError, match="cannot be reached"):
            append(log, events(1))
        log._database._url = here
        assert append(log, events(1))[0].status == "stored"


def test_a_copy_of_the_process_is_refused(postgres_url: str, monkeypatch):
    with open_postgres(postgres_url, CLOCK) as log:
        monkeypatch.setattr(log._database, "_pid", os.getpid() + 1)
        with pytest.raises(BusyError, match="Open it in the process"):
            log.counts(ANN)
        monkeypatch.undo()


def test_no_copy_to_a_file_is_made(postgres_url: str, tmp_path: Path):
    with (
        open_postgres(postgres_url, CLOCK) as log,
        pytest.raises(InputError, match="pg_dump"),
    ):
        log.backup(tmp_path / "copy.db")


def test_the_scheme_of_a_place_names_the_backend(postgres_url: str, tmp_path: Path):
    path = tmp_path / "j.db"
    for place in (path, str(path), f"sqlite:///{path}"):
        with open_log(place, CLOCK) as log:
            assert type(log) is Journal
            append(log, events(1))
            assert log.counts(ANN) == {"decision": 1}
    with open_log(postgres_url, CLOCK) as log:
        assert type(log) is PostgresJournal


@pytest.mark.parametrize("url", ["mysql://h/d", "sqlite://", "sqlite://h/j.db"])
def test_another_scheme_is_refused(url: str):
    with pytest.raises(InputError, match=r"sqlite://"):
        open_log(url, CLOCK)


QUERIES = {
    name: query
    for name, query in vars(journal_sql).items()
    if isinstance(query, journal_sql.Insert)
    or (
        isinstance(query, str) and " " in query and name[0].isalpha() and name.isupper()
    )
}


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_postgresql_understands_each_query_of_the_journal(name: str, made: str):
    query = QUERIES[name]
    if isinstance(query, journal_sql.Insert):
        text = postgres_sql.insert_arrays(query)
    else:
        text = postgres_sql.translated(query)
    places = count(1)
    numbered = re.sub(r"%\(tenant\)s", "$1", text)
    numbered = re.sub("%s", lambda _: f"${next(places)}", numbered)
    with psycopg.connect(made) as connection:
        connection.execute(f"PREPARE asked AS {numbered}")


@pytest.fixture(scope="module")
def made(postgres: str) -> Iterator[str]:
    with empty(postgres) as url:
        open_postgres(url, CLOCK).close()
        yield url
