"""Killed or without power, the journal holds every acknowledged event, once.

Both harnesses (`stores.power`) have a control that must lose something. `make crash`
asks for more rounds through TRADELOOP_KILLS and TRADELOOP_POWER_CUTS.
"""

import os
from pathlib import Path
from random import Random

import pytest

from stores.power import Nursery, cut_power, stored
from tradeloop.stores import sqlite

KILLS = int(os.environ.get("TRADELOOP_KILLS", "25"))
POWER_CUTS = int(os.environ.get("TRADELOOP_POWER_CUTS", "25"))


def test_a_killed_writer_leaves_every_acknowledged_event_once(tmp_path: Path):
    path, random = tmp_path / "j.db", Random(2)  # noqa: S311 - a test's kill times
    acknowledged: set[str] = set()
    with Nursery() as nursery:
        for life in range(KILLS):
            acknowledged |= nursery.killed(path, life, random.randint(1, 60))
            found = set(stored(path))
            assert acknowledged <= found
            assert len(found) % 3 == 0  # a submission is there whole or not at all
    assert len(acknowledged) >= 3 * KILLS


def test_the_harness_sees_a_writer_that_acknowledges_too_early(tmp_path: Path):
    with Nursery() as nursery:
        acknowledged = nursery.killed(tmp_path / "j.db", 0, 8, "early")
    assert acknowledged - set(stored(tmp_path / "j.db"))


@pytest.fixture(params=[None, 8], ids=["log as it is", "log folded in often"])
def _folding(request, monkeypatch):
    if request.param:
        monkeypatch.setattr(sqlite, "_FOLD_PAGES", request.param)


@pytest.mark.usefixtures("_folding")
@pytest.mark.parametrize("keep", [0.0, 0.5], ids=["synced bytes only", "and any part"])
def test_a_power_cut_at_any_write_loses_nothing_acknowledged(tmp_path: Path, keep):
    cuts = [
        cut_power(tmp_path / f"{seed}", seed, keep=keep) for seed in range(POWER_CUTS)
    ]
    assert [cut.lost for cut in cuts] == [set()] * len(cuts)
    assert sum(len(cut.acknowledged) for cut in cuts) > len(cuts)


def test_the_power_cut_shows_a_commit_that_is_not_synced(tmp_path: Path):
    cuts = [
        cut_power(tmp_path / f"{seed}", seed, synchronous=1, keep=0.0)
        for seed in range(5)
    ]
    assert sum(len(cut.lost) for cut in cuts) > 0
