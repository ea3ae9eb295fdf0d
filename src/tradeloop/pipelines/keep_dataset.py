"""A dataset goes into the lake and is registered; the first of a version stays."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from tradeloop.datasets import (
    Dataset,
    Findings,
    Occasion,
    card,
    croissant,
    dataset_folder,
    day_files,
    metadata,
)
from tradeloop.errors import ConflictError, NotFoundError
from tradeloop.features import Bank
from tradeloop.pipelines import recipe as recipes
from tradeloop.pipelines.announce import announce_dataset
from tradeloop.pipelines.catalogue_dataset import Told, created_ns, defined, register
from tradeloop.pipelines.importance import keep_importance
from tradeloop.pipelines.lineage import told_to, with_lineage
from tradeloop.pipelines.lineage_inputs import NO_RAW, Raw
from tradeloop.pipelines.workspace import Workspace
from tradeloop.reports import card_files
from tradeloop.stores import Taken


@dataclass(frozen=True, slots=True)
class Written:
    """Where a dataset lies.

    Parameters
    ----------
    dataset_id, version : str
        Its names.
    path, card : Path
        Folder and card.
    files : int
        Files of the version.
    new : bool
        Whether it was not there before.
    notes : mapping of str to str
        Parts that could not be done, and why.
    """

    dataset_id: str
    version: str
    path: Path
    card: Path
    files: int
    new: bool = True
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """Where the inputs of a dataset are, so that it can be made again.

    Parameters
    ----------
    recipe : Recipe
        Written beside the dataset.
    decisions : polars.DataFrame
        All that were looked at, in their order.
    fills : polars.DataFrame, optional
        The same.
    raw : Raw
        What is known of the files behind it.
    """

    recipe: recipes.Recipe
    decisions: pl.DataFrame
    fills: pl.DataFrame | None = None
    raw: Raw = NO_RAW


@dataclass(frozen=True, slots=True, eq=False)
class Earlier:
    """An earlier version of a dataset.

    Parameters
    ----------
    dataset : Dataset
        Its rows.
    name : str
        Its id.
    root : str
        Its folder below that of its tenant.
    """

    dataset: Dataset
    name: str
    root: str


_NOTHING: Mapping[str, Any] = {}


def dataset_id_of(dataset: Dataset) -> str:
    """Name within the tenant: type and the first 16 digits of the version."""
    return f"{dataset.dataset_type.lower()}-{dataset.version[:16]}"


def root_of(dataset_type: str, version: str) -> str:
    """Folder of a version below that of its tenant."""
    folder = dataset_folder("tenant", dataset_type, version)
    return str(folder.relative_to("tenant"))


def write_dataset(
    workspace: Workspace,
    dataset: Dataset,
    findings: Findings,
    *,
    bank: Bank,
    origin: Origin | None = None,
    earlier: Earlier | None = None,
    told: Told | None = None,
    more: Mapping[str, Any] = _NOTHING,
) -> Written:
    """Put the dataset into the lake and register it, with its report, in the catalog.

    A version that is there already is left as it is, whatever was found out about it
    this time: what it says of itself is said once.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    dataset : Dataset
        What to write.
    findings : Findings
        What was found out about it.
    bank : Bank
        Its features.
    origin : Origin, optional
        Where its inputs are; without it the dataset cannot be made again.
    earlier : Earlier, optional
        A version some of whose files may be the same: those are not written again.
    told : Told, optional
        What need not be defined again; what is defined now is added.
    more : mapping
        Further plain data for ``metadata.json``, beside what `metadata` says.

    Raises
    ------
    ConflictError
        Other rows lie under the version.
    """
    root = root_of(dataset.dataset_type, dataset.version)
    new = not _holds(workspace, dataset, root)
    if new:
        _write(workspace, dataset, findings, (origin, earlier, more), bank)
        told = defined(workspace, bank, told)
    return made_known(workspace, root, new=new, told=told)


def made_known(
    workspace: Workspace, root: str, *, new: bool, told: Told | None = None
) -> Written:
    """Register and announce what the lake holds, once; say where it lies.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    root : str
        Folder of the version below that of its tenant.
    new : bool
        Whether it was just written.
    told : Told, optional
        What need not be defined again.
    """
    who = workspace.principal
    described = json.loads(workspace.lake.read_text(who, root, "metadata.json"))
    told_ns = created_ns(described)
    register(workspace, described, told or Told())
    keep_importance(workspace, described, told_ns)
    announce_dataset(workspace, described, told_ns)
    path = workspace.places.lake / who.tenant / root
    files = len(workspace.lake.manifest(who, root).files)
    untold = told_to(workspace, root) if new else ""
    return Written(
        described["dataset_id"],
        described["version"],
        path,
        path / "README.md",
        files,
        new,
        {"posted lineage": untold} if untold else {},
    )


def _holds(workspace: Workspace, dataset: Dataset, root: str) -> bool:
    """Whether the version is there, with these rows."""
    who = workspace.principal
    try:
        workspace.lake.manifest(who, root)
    except NotFoundError:
        return False
    for name, frame in dataset.frames.items():
        there = workspace.lake.read(who, root, name).collect()
        if not there.equals(frame):
            raise ConflictError(
                f"{root} holds other rows, first in {name}. A version is a function of "
                "its inputs: 'tradeloop datasets verify' tells which of the two is "
                "right. Was tradeloop changed without its version?"
            )
    return True


def _write(
    workspace: Workspace,
    dataset: Dataset,
    findings: Findings,
    made: tuple[Origin | None, Earlier | None, Mapping[str, Any]],
    bank: Bank,
) -> None:
    (origin, earlier, more), who = made, workspace.principal
    said = {**described_now(workspace, dataset, findings), **more}
    inputs = None if origin is None else (origin.recipe.extent, origin.raw)
    described, lines = with_lineage(workspace, said, dataset, bank, inputs)
    files = dict(day_files(dataset))
    if origin is not None:
        files |= recipes.input_files(origin.decisions, origin.fills)
    recipe = None if origin is None else origin.recipe
    # Pictures of one row show nothing, and take longer than all the rest.
    drawn = dataset.sample_count > 1
    cards = card_files(described, dataset) if drawn else {"README.md": card(described)}
    texts = texts_of(described, {**cards, **lines}, dataset, recipe)
    root = root_of(dataset.dataset_type, dataset.version)
    taken = _taken(earlier, files)
    workspace.lake.write_dataset(who, root, files, texts, taken=taken)


def described_now(
    workspace: Workspace, dataset: Dataset, findings: Findings
) -> dict[str, Any]:
    """Describe a dataset that is about to be written: what metadata.json says."""
    tenant = workspace.principal.tenant
    folder = dataset_folder(tenant, dataset.dataset_type, dataset.version)
    now_ns = workspace.clock.now_ns() // 1_000 * 1_000
    occasion = Occasion(dataset_id_of(dataset), now_ns, str(folder))
    return metadata(dataset, occasion, findings)


def texts_of(
    described: Mapping[str, Any],
    cards: Mapping[str, str],
    dataset: Dataset,
    recipe: recipes.Recipe | None,
) -> dict[str, str]:
    """Texts that lie beside the days.

    Parameters
    ----------
    described : mapping
        From `described_now`.
    cards : mapping of str to str
        The card, its pictures and the lineage, if there are any.
    dataset : Dataset
        Its columns and folds; the rows are not looked at.
    recipe : Recipe, optional
        How it was made.
    """
    texts = {"metadata.json": _json(described), **cards}
    if recipe is not None:
        texts[recipes.FILE] = recipe.text()
    texts["croissant.json"] = _json(croissant(described, dataset, texts))
    return texts


def _taken(earlier: Earlier | None, files: Mapping[str, pl.DataFrame]) -> Taken:
    """Find the day files that an earlier version has in the same words."""
    if earlier is None:
        return Taken("", frozenset())
    there = day_files(earlier.dataset)
    shared = (path for path in there if path in files)
    return Taken(
        earlier.root,
        frozenset(path for path in shared if _equal(there[path], files[path])),
    )


def _equal(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    return one.schema == other.schema and one.equals(other)


def _json(value: Mapping[str, Any]) -> str:
    """One line a name: to be read, and a tenth of the time that indenting all takes."""
    lines = (
        f"  {json.dumps(name)}: "
        f"{json.dumps(value[name], sort_keys=True, allow_nan=False)}"
        for name in sorted(value)
    )
    return "{\n" + ",\n".join(lines) + "\n}\n"
