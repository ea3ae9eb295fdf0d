"""An open workspace on a clock that stands still."""

import pytest

from tradeloop.clock import ReplayClock
from tradeloop.events import Principal
from tradeloop.pipelines.workspace import Places, open_workspace

NOW_NS = 1_700_000_000_000_000_000


def places_in(folder):
    return Places(
        journal=folder / "journal.db",
        catalog=folder / "catalog.db",
        tracking=folder / "mlflow.db",
        lake=folder / "lake",
        artefacts=folder / "artefacts",
    )


@pytest.fixture
def workspace(tmp_path):
    principal = Principal("desk", "tester")
    with open_workspace(places_in(tmp_path), principal, ReplayClock(NOW_NS)) as opened:
        yield opened
