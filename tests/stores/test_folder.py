"""Folders appear whole or not at all, whenever their writer dies."""

import subprocess
import sys

import pytest

from stores.planted import ANN, FILES, ROOT, TEXTS, tree
from tradeloop.stores import folder
from tradeloop.stores.lake import Lake

CHILD = """
import os, sys
from pathlib import Path
import polars as pl
from tradeloop.events import Principal
from tradeloop.stores import lake as lakes

written = 0
real = lakes.write_file
def dies(path, data):
    global written
    written += 1
    if written > int(sys.argv[2]):
        os.kill(os.getpid(), 9)
    real(path, data)
lakes.write_file = dies
if len(sys.argv) > 3:
    lakes.publish = lambda *_: os.kill(os.getpid(), 9)
files = {f"day={k}/x.parquet": pl.DataFrame({"a": [k]}) for k in range(4)}
lake = lakes.Lake(Path(sys.argv[1]))
lake.write_dataset(Principal("acme", "ann"), "d/v=1", files, {})
"""


@pytest.mark.parametrize("when", [["2"], ["4"], ["9", "before the rename"]])
def test_a_killed_writer_leaves_nothing_to_see_and_nothing_behind(lake: Lake, when):
    command = [sys.executable, "-c", CHILD, str(lake.root), *when]
    assert subprocess.run(command, check=False).returncode == -9
    assert not (lake.root / "acme").exists()
    assert len(list((lake.root / ".incoming").iterdir())) == 1
    lake.write_dataset(ANN, ROOT, FILES, TEXTS)
    assert list((lake.root / ".incoming").iterdir()) == []


def test_a_writer_that_raises_leaves_nothing(lake: Lake, monkeypatch):
    monkeypatch.setattr("tradeloop.stores.lake.publish", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        lake.write_dataset(ANN, ROOT, FILES, TEXTS)
    assert tree(lake.root) == {}


def test_a_living_writer_keeps_its_folder(lake: Lake):
    with folder.staged(lake.root) as mine:
        folder.write_file(mine / "a", b"x")
        lake.write_dataset(ANN, ROOT, FILES, TEXTS)
        assert (mine / "a").read_bytes() == b"x"


def test_files_of_the_lake_are_read_only(lake: Lake):
    manifest = lake.write_dataset(ANN, ROOT, FILES, TEXTS)
    modes = {(manifest.folder / e.path).stat().st_mode & 0o222 for e in manifest.files}
    assert modes == {0}
