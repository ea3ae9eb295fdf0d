"""An empty lake and an open journal."""

from pathlib import Path

import pytest

from stores.appended import CLOCK
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
