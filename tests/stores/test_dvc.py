"""A dataset goes through DVC and comes back as it was."""

import shutil

import polars as pl
import pytest

from tradeloop.errors import ConflictError, DamagedError, TradeloopError
from tradeloop.events import Principal
from tradeloop.stores import DvcProject, Lake

ANN = Principal("acme", "ann")


def written(root, version, value):
    files = {
        f"day=0{day}/rows.parquet": pl.DataFrame({"x": [value, day]}) for day in (1, 2)
    }
    place = f"training_datasets/SIGNAL_GENERATION/version={version}"
    Lake(root).write_dataset(ANN, place, files, {"README.md": f"version {version}\n"})
    return root / "acme" / place


def test_an_old_version_is_fetched_from_the_remote_and_verified(tmp_path):
    old, new = (written(tmp_path / "lake", v, k) for k, v in enumerate(("old", "new")))
    project = DvcProject(tmp_path / "project")
    for folder, name in ((old, "set-old"), (new, "set-new")):
        project.add(folder, name)
        project.push(name, str(tmp_path / "remote"))
    # Another desk has the .dvc files alone: no data, no cache.
    shutil.rmtree(tmp_path / "project" / ".dvc" / "cache")
    shutil.rmtree(tmp_path / "project" / "datasets" / "set-old")
    manifest = project.fetch("set-old")
    assert len(manifest.files) == 3
    assert (manifest.folder / "README.md").read_text() == "version old\n"


def test_what_is_published_again_stays_as_it_is(tmp_path):
    folder = written(tmp_path / "lake", "one", 1)
    project = DvcProject(tmp_path / "project")
    first = project.add(folder, "set").read_text()
    assert project.add(folder, "set").read_text() == first
    other = written(tmp_path / "lake", "two", 2)
    with pytest.raises(ConflictError, match="another content"):
        project.add(other, "set")


def test_a_damaged_remote_is_found(tmp_path):
    folder = written(tmp_path / "lake", "one", 1)
    project = DvcProject(tmp_path / "project")
    project.add(folder, "set")
    project.push("set", str(tmp_path / "remote"))
    shutil.rmtree(tmp_path / "project" / ".dvc" / "cache")
    shutil.rmtree(tmp_path / "project" / "datasets" / "set")
    for file in (tmp_path / "remote").rglob("*"):
        if file.is_file() and not file.name.endswith(".dir"):
            file.chmod(0o644)
            file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises((DamagedError, TradeloopError)):
        project.fetch("set")


def test_what_was_never_published_says_so(tmp_path):
    with pytest.raises(TradeloopError, match="was not published"):
        DvcProject(tmp_path).fetch("set")
