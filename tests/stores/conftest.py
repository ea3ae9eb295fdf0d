"""An empty lake, an open journal, a PostgreSQL and an empty place in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stores.appended import CLOCK
from stores.server import empty, shared_url
from tradeloop.stores.journal import open_journal
from tradeloop.stores.lake import Lake


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "capture.db"


@pytest.fixture
def journal(path: Path):
    with open_journal(path, CLOCK) as opened:
        yield opened


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    with shared_url() as url:
        yield url


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    with empty(postgres) as url:
        yield url
