"""Artefacts of the folds; the newest is registered and serves the run as its champion.

Nobody judged it by the gate: it stays a draft, and gives way to the first version that
the gate lets into production.
"""

from dataclasses import dataclass
from pathlib import Path

from tradeloop.datasets import Dataset
from tradeloop.models import Artefact, Evaluation, read_artefact
from tradeloop.pipelines.models_announce import announce_deployments
from tradeloop.pipelines.models_keep import (
    Judgement,
    KeptModel,
    NewModel,
    register_model,
)
from tradeloop.pipelines.models_track import catch_up
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.train import Trained, package
from tradeloop.pipelines.trained import figures_of
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import Grounds

_UNJUDGED = "the newest of a run, for its own use; the gate was not asked"


@dataclass(frozen=True, slots=True, eq=False)
class Registered:
    """What can be served now.

    Parameters
    ----------
    name, version : str
        Of the registered model: that of the last fold, which knows the most.
    path : Path
        Its files.
    artefacts : tuple of Artefact
        One per fold, each read back from its files; the last one from the store.
    note : str
        Why tracking does not know it yet; empty where it does.
    """

    name: str
    version: str
    path: Path
    artefacts: tuple[Artefact, ...]
    note: str = ""


def register(
    workspace: Workspace,
    dataset: Dataset,
    trained: Trained,
    *,
    name: str,
    horizon_ns: int,
    rules: Rules,
) -> Registered:
    """Package every fold, keep the last, register it, crown it, track it.

    The same model twice is one version: its bytes are compared with the last version.

    Raises
    ------
    ArtefactError
        ONNX and original differ, or a file is not what its hash says.
    """

    def packed(fold: int, name: str, version: str) -> dict[str, bytes]:
        return package(
            trained,
            fold,
            name=name,
            version=version,
            horizon_ns=horizon_ns,
            dataset_version=dataset.version,
            rule=rules.model,
        )

    last = len(trained.walk.models) - 1
    earlier = [
        read_artefact(packed(fold, f"{name}-fold-{fold + 1}", dataset.version[:12]))
        for fold in range(last)
    ]
    new = NewModel(
        files=lambda version: packed(last, name, version),
        name=name,
        judgement=_judgement(trained.evaluation),
        tags=_tags(rules, dataset),
    )
    kept = register_model(workspace, new)
    _crown(workspace, kept)
    newest = read_artefact(kept.stored.files)
    artefacts = (*earlier, newest)
    return Registered(name, kept.version, kept.path, artefacts, catch_up(workspace))


def _crown(workspace: Workspace, kept: KeptModel) -> None:
    principal = workspace.principal
    workspace.catalog.models.crown(
        principal,
        kept.name,
        kept.version,
        Grounds(reason=_UNJUDGED, approver=principal.name),
        workspace.audit("crown", f"{kept.name} {kept.version}"),
    )
    announce_deployments(workspace, kept.name)


def _tags(rules: Rules, dataset: Dataset) -> dict[str, str]:
    chosen = {**rules.as_mapping()["model"], "rows": dataset.sample_count}
    return {key: str(value) for key, value in chosen.items()}


def _judgement(judged: Evaluation) -> Judgement:
    return Judgement(metrics=figures_of(judged), numbers=judged.as_mapping())
