"""A trained model becomes a registered version: whole, or not at all.

1. The artefact is written, durable and immutable. Until the next step it is nobody's.
2. One transaction of the catalog registers it with its evaluation and its trials: from
   here on it is a version, and not before.
3. The journal and the tracking store hear of it; what they miss is caught up later.

After a crash between two steps the same call goes on where it stopped: the artefact
that was written is found by its bytes and used.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from json import loads
from pathlib import Path
from typing import Any

import polars as pl

from tradeloop.errors import ArtefactError
from tradeloop.models import Meta, read_artefact
from tradeloop.models.signature import SIGNATURE
from tradeloop.pipelines.kept_forecasts import ROWS
from tradeloop.pipelines.models_announce import announce_model
from tradeloop.pipelines.models_load import load_stored
from tradeloop.pipelines.models_track import catch_up
from tradeloop.pipelines.models_version import change_between, estimator_of
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import Artefact as Stored
from tradeloop.stores import (
    EvaluationRecord,
    ModelRecord,
    StoredModel,
    TrialRecord,
)
from tradeloop.stores.parquet import encode

Packed = Callable[[str], Mapping[str, bytes]]
"""Gives the files of a model for a version, which stands in ``model.json``."""
_FIRST = "v1.0.0"


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """What was measured on rows that the model had not seen.

    Parameters
    ----------
    metrics : mapping of str to float
        Figures for the list; intervals as ``{name}_low`` and ``{name}_high``.
    numbers : mapping
        Everything that was measured, as JSON.
    rows : polars.DataFrame, optional
        ``decision_id`` and one figure a row, such as ``log_loss``; two versions that
        share decisions are compared on them, pair by pair.
    """

    metrics: Mapping[str, float] = field(default_factory=dict)
    numbers: Mapping[str, Any] = field(default_factory=dict)
    rows: pl.DataFrame | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class NewModel:
    """A model that is to be kept; see `keep_model`."""

    files: Packed | Mapping[str, bytes]
    name: str
    judgement: Judgement = field(default_factory=Judgement)
    trials: tuple[str, Sequence[TrialRecord]] = ("", ())
    tags: Mapping[str, str] = field(default_factory=dict)
    parent: str = ""
    private: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class KeptModel:
    """A registered version.

    Parameters
    ----------
    name, version : str
        Which one.
    path : Path
        Its files.
    new : bool
        Whether this call registered it.
    stored : Stored
        Its artefact, read back.
    note : str
        Why tracking does not know it yet; empty where it does.
    """

    name: str
    version: str
    path: Path
    new: bool
    stored: Stored
    note: str = ""


def keep_model(
    workspace: Workspace,
    files: Packed | Mapping[str, bytes],
    *,
    name: str,
    judgement: Judgement | None = None,
    trials: tuple[str, Sequence[TrialRecord]] = ("", ()),
    tags: Mapping[str, str] | None = None,
    parent: str = "",
    private: bool = False,
) -> KeptModel:
    """Keep a model, register it as a draft, and say so.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    files : callable of str to mapping, or mapping of str to bytes
        Files for a version; as a mapping, ``model.json`` says which version it is.
    name : str
        Of the model.
    judgement : Judgement, optional
        What was measured.
    trials : (str, sequence of TrialRecord)
        Study, and every trial that led to it.
    tags : mapping of str to str, optional
        What else is worth saying.
    parent : str
        Version that it was made from; by default the newest that is registered.
    private : bool
        Only for the user who registers it.

    Returns
    -------
    KeptModel
        The version that holds these files; the one before where it is the same.

    Raises
    ------
    ArtefactError
        The files are no model, or say another name or version.
    NotFoundError
        The parent is not registered.
    """
    new = NewModel(
        files=files,
        name=name,
        judgement=judgement or Judgement(),
        trials=trials,
        tags=tags or {},
        parent=parent,
        private=private,
    )
    kept = register_model(workspace, new)
    return replace(kept, note=catch_up(workspace))


def register_model(workspace: Workspace, new: NewModel) -> KeptModel:
    """Do as `keep_model`, and leave tracking for later."""
    catalog, principal = workspace.catalog.models, workspace.principal
    stored = _stored(workspace, new)
    known = _registered(workspace, new.name, stored.version)
    evaluations = () if known else (_evaluation(workspace, new),)
    record = known.record if known else _record(stored, new)
    catalog.register(
        principal,
        record,
        workspace.audit("register", f"{new.name} {stored.version}"),
        evaluations=evaluations,
        trials=new.trials,
    )
    announce_model(workspace, catalog.model(principal, new.name, stored.version))
    return KeptModel(new.name, stored.version, stored.path, known is None, stored)


def _registered(workspace: Workspace, name: str, version: str) -> StoredModel | None:
    for each in _own(workspace, name):
        if each.record.version == version:
            return each
    return None


def _own(workspace: Workspace, name: str) -> list[StoredModel]:
    """Versions of the tenant, the newest first; not those of the platform."""
    principal = workspace.principal
    found = workspace.catalog.models.models(principal, name)
    return [each for each in found if each.principal.tenant == principal.tenant]


def _stored(workspace: Workspace, new: NewModel) -> Stored:
    """Write the artefact; where the newest one holds these files, that is it."""
    artefacts, principal = workspace.artefacts, workspace.principal
    there = artefacts.versions(principal, new.name)
    asked = _asked(new, there[-1] if there else _FIRST)
    meta = _checked(new, asked, _files(new, asked))
    if asked in there:
        newest = _readable(workspace, new.name, asked)
        if newest is not None and dict(newest.files) == dict(_files(new, asked)):
            return newest
    parent = _parent(workspace, new)
    change = "retrained" if parent is None else change_between(parent[1], meta)
    version = asked
    if callable(new.files):
        version = artefacts.next_version(principal, new.name, change=change)
    files = _files(new, version)
    _checked(new, version, files)
    before = "" if parent is None else parent[0]
    return artefacts.save_as(principal, new.name, version, files, parent=before)


def _asked(new: NewModel, newest: str) -> str:
    """Version to compare with: given files say theirs."""
    if callable(new.files):
        return newest
    return read_artefact(new.files).meta.version


def _files(new: NewModel, version: str) -> Mapping[str, bytes]:
    return new.files(version) if callable(new.files) else new.files


def _checked(new: NewModel, version: str, files: Mapping[str, bytes]) -> Meta:
    """Refuse what is no model, or another one's; nothing is written yet."""
    meta = read_artefact(files).meta
    if (meta.name, meta.version) != (new.name, version):
        raise ArtefactError(
            f"The files are those of {meta.name} {meta.version}, to be kept was "
            f"{new.name} {version}. Pack them under the name that they are kept under."
        )
    return meta


def _readable(workspace: Workspace, name: str, version: str) -> Stored | None:
    """Return what lies there; None where it is damaged, which is not in the way."""
    try:
        return workspace.artefacts.load(workspace.principal, name, version)
    except ArtefactError:
        return None


def _parent(workspace: Workspace, new: NewModel) -> tuple[str, Meta] | None:
    """Version that it was made from, and what that is; None for the first."""
    registered = _own(workspace, new.name)
    if new.parent:
        catalog = workspace.catalog.models
        model = catalog.model(workspace.principal, new.name, new.parent)
    elif registered:
        model = registered[0]
    else:
        return None
    files = load_stored(workspace, model).files
    return model.record.version, read_artefact(files).meta


def _record(stored: Stored, new: NewModel) -> ModelRecord:
    meta = read_artefact(stored.files).meta
    signed = stored.files.get(SIGNATURE)
    return ModelRecord(
        name=new.name,
        version=stored.version,
        parent=stored.parent,
        estimator=estimator_of(meta),
        dataset_version=meta.dataset_version,
        feature_fingerprint=meta.columns.fingerprint,
        code_version=meta.code_version,
        environment={**meta.environment, "libraries": dict(meta.libraries)},
        seed=meta.seed,
        metrics=dict(new.judgement.metrics),
        tags=dict(new.tags),
        artefact_location="/".join(stored.path.parts[-3:]),
        artefact_sha256=stored.sha256,
        signature="" if signed is None else str(loads(signed)["signature"]),
        private=new.private,
    )


def _evaluation(workspace: Workspace, new: NewModel) -> EvaluationRecord:
    judged, place = new.judgement, ""
    if judged.rows is not None:
        files = {ROWS: bytes(encode(judged.rows))}
        name = f"{new.name}.rows"
        kept = workspace.artefacts.save(workspace.principal, name, files)
        place = f"{name}/{kept.version}"
    return EvaluationRecord(
        kind="training",
        at_ns=workspace.clock.now_ns(),
        numbers=judged.numbers or dict(judged.metrics),
        rows_location=place,
    )
