"""A dataset goes into the lake and is registered; the first of a version stays."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from tradeloop.datasets import (
    Dataset,
    Findings,
    Occasion,
    card,
    dataset_folder,
    day_files,
    metadata,
)
from tradeloop.errors import ConflictError, NotFoundError
from tradeloop.events import DatasetType
from tradeloop.features import Bank
from tradeloop.pipelines import recipe as recipes
from tradeloop.pipelines.announce import announce_dataset
from tradeloop.pipelines.importance import keep_importance
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import (
    DatasetRecord,
    FeatureDefinition,
    LabelingRule,
    QualityRecord,
    Taken,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
    """

    dataset_id: str
    version: str
    path: Path
    card: Path
    files: int
    new: bool = True


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
    """

    recipe: recipes.Recipe
    decisions: pl.DataFrame
    fills: pl.DataFrame | None = None


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

    Raises
    ------
    ConflictError
        Other rows lie under the version.
    """
    who, root = workspace.principal, root_of(dataset.dataset_type, dataset.version)
    new = not _holds(workspace, dataset, root)
    if new:
        _write(workspace, dataset, findings, (bank, origin, earlier))
    described = json.loads(workspace.lake.read_text(who, root, "metadata.json"))
    told_ns = _created_ns(described)
    _register(workspace, described, told_ns)
    keep_importance(workspace, described, told_ns)
    announce_dataset(workspace, described, told_ns)
    path = workspace.places.lake / who.tenant / root
    files = len(workspace.lake.manifest(who, root).files)
    card_file = path / "README.md"
    return Written(
        described["dataset_id"], dataset.version, path, card_file, files, new
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
    made: tuple[Bank, Origin | None, Earlier | None],
) -> None:
    (bank, origin, earlier), who = made, workspace.principal
    folder = dataset_folder(who.tenant, dataset.dataset_type, dataset.version)
    now_ns = workspace.clock.now_ns() // 1_000 * 1_000
    occasion = Occasion(dataset_id_of(dataset), now_ns, str(folder))
    described = metadata(dataset, occasion, findings)
    texts = {"metadata.json": _json(described), "README.md": card(described)}
    files = dict(day_files(dataset))
    if origin is not None:
        texts[recipes.FILE] = origin.recipe.text()
        files |= recipes.input_files(origin.decisions, origin.fills)
    root = root_of(dataset.dataset_type, dataset.version)
    taken = _taken(earlier, files)
    workspace.lake.write_dataset(who, root, files, texts, taken=taken)
    workspace.catalog.define_features(
        who, definitions(bank), workspace.audit("define", "features")
    )


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


def _created_ns(described: Mapping[str, Any]) -> int:
    created = datetime.fromisoformat(described["creation_timestamp"])
    return (created - _EPOCH) // timedelta(microseconds=1) * 1_000


def _json(value: object) -> str:
    return json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n"


def definitions(bank: Bank) -> list[FeatureDefinition]:
    """List what the published columns of a bank mean, for the catalog."""
    return [
        FeatureDefinition(
            feature_name=entry.name,
            feature_type="float64",
            feature_category=entry.category,
            calculation_method=entry.formula,
            data_sources=tuple(entry.inputs),
        )
        for entry in bank.catalogue()
    ]


def _register(workspace: Workspace, described: Mapping[str, Any], at_ns: int) -> None:
    """Register what the lake holds; a crash between the two is mended the next time."""
    rule = LabelingRule(
        rule_name="outcome",
        rule_type="outperformance_bps",
        criteria=described["label_schema"]["labeling_criteria"],
        thresholds=described["inputs"]["label_rules"]["outcome"],
    )
    workspace.catalog.define_rules(
        workspace.principal, [rule], workspace.audit("define", "labelling rules")
    )
    record = DatasetRecord(
        dataset_id=described["dataset_id"],
        dataset_type=DatasetType(described["dataset_type"]),
        creation_ns=at_ns,
        sample_count=described["sample_count"],
        feature_count=described["feature_count"],
        label_distribution=described["label_distribution"],
        quality_score=described["quality_score"],
        storage_location=described["storage_location"],
        feature_schema=described["feature_schema"],
        label_schema=described["label_schema"],
    )
    report = QualityRecord(
        dataset_id=record.dataset_id,
        report_ns=at_ns,
        quality_metrics=described["data_quality_report"],
        validation_results=described["certificate"],
        data_lineage=described["inputs"],
    )
    workspace.catalog.register_dataset(
        workspace.principal,
        record,
        workspace.audit("register", record.dataset_id, rows=record.sample_count),
        report=report,
    )
