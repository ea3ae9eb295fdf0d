"""The datasets of a workspace: listed, shown, read and removed."""

import json
from difflib import get_close_matches
from typing import Any

import polars as pl

from tradeloop.datasets import FRAMES, Dataset, canonical_json
from tradeloop.errors import InputError, NotFoundError
from tradeloop.events import DatasetType
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import DatasetRecord


def found(workspace: Workspace, name: str) -> DatasetRecord:
    """Find a dataset by its id, or by the beginning of id or version.

    Raises
    ------
    NotFoundError
        There is none; the nearest is named.
    InputError
        The name begins several.
    """
    records = workspace.catalog.datasets(workspace.principal)
    exact = [r for r in records if r.dataset_id == name]
    if exact:
        return exact[0]
    meant = [
        record
        for record in records
        if name
        and (record.dataset_id.startswith(name) or version_of(record).startswith(name))
    ]
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise InputError(
            f"{name!r} begins {len(meant)} datasets: "
            f"{', '.join(r.dataset_id for r in meant[:5])}.",
            way_out="Give more of the name.",
            source="dataset",
        )
    near = get_close_matches(name, [r.dataset_id for r in records], n=1, cutoff=0.0)
    hint = f" Did you mean {near[0]!r}?" if near else " Make one: tradeloop run."
    raise NotFoundError(f"There is no dataset {name!r}.{hint}")


def version_of(record: DatasetRecord) -> str:
    """Version of a registered dataset: the end of its place."""
    return record.storage_location.rpartition("version=")[2]


def root(workspace: Workspace, record: DatasetRecord) -> str:
    """Folder of a registered dataset below that of its tenant."""
    return record.storage_location.removeprefix(f"{workspace.principal.tenant}/")


def described(workspace: Workspace, root: str) -> dict[str, Any]:
    """Read what a dataset says of itself."""
    text = workspace.lake.read_text(workspace.principal, root, "metadata.json")
    said: dict[str, Any] = json.loads(text)
    return said


def listed(
    workspace: Workspace, dataset_type: DatasetType | None = None
) -> list[DatasetRecord]:
    """List the datasets, the newest first."""
    return workspace.catalog.datasets(workspace.principal, dataset_type)


def shown(workspace: Workspace, name: str) -> dict[str, Any]:
    """Return what a dataset says of itself.

    Raises
    ------
    NotFoundError
        There is none of the name.
    DamagedError
        Its files do not match their hashes.
    """
    return described(workspace, root(workspace, found(workspace, name)))


def card_of(workspace: Workspace, name: str) -> str:
    """Return the card of a dataset."""
    place = root(workspace, found(workspace, name))
    return workspace.lake.read_text(workspace.principal, place, "README.md")


def frames_of(workspace: Workspace, place: str) -> dict[str, pl.DataFrame]:
    """Read the frames of a dataset; their bytes are checked."""
    who = workspace.principal
    return {name: workspace.lake.read(who, place, name).collect() for name in FRAMES}


def stored(workspace: Workspace, name: str) -> Dataset:
    """Read a dataset from the lake.

    Raises
    ------
    NotFoundError
        There is none of the name.
    DamagedError
        A file does not match its hash; the file is named.
    """
    record = found(workspace, name)
    place = root(workspace, record)
    about = described(workspace, place)
    return Dataset(
        dataset_type=about["dataset_type"],
        version=about["version"],
        manifest=canonical_json(about["inputs"]),
        left_out=about["left_out"],
        **frames_of(workspace, place),
    )


def remove(workspace: Workspace, name: str) -> DatasetRecord:
    """Remove a dataset from the lake and forget it; its inputs stay as they are.

    A crash in between leaves its name in the catalog: removing it again ends that.

    Raises
    ------
    NotFoundError
        There is none of the name.
    """
    record = found(workspace, name)
    workspace.lake.remove_dataset(workspace.principal, root(workspace, record))
    audit = workspace.audit("remove", record.dataset_id, rows=record.sample_count)
    workspace.catalog.remove_dataset(workspace.principal, record.dataset_id, audit)
    return record
