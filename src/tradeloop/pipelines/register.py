"""Artefacts of the folds; the newest is kept, tracked and becomes the champion."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tradeloop.datasets import Dataset
from tradeloop.errors import NotFoundError
from tradeloop.models import Artefact, Evaluation, read_artefact
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.train import Trained, package
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import Artefact as Stored
from tradeloop.stores import Event, open_tracking


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
    """

    name: str
    version: str
    path: Path
    artefacts: tuple[Artefact, ...]


def register(
    workspace: Workspace,
    dataset: Dataset,
    trained: Trained,
    *,
    name: str,
    horizon_ns: int,
    rules: Rules,
) -> Registered:
    """Package every fold, keep the last, log it, register it, crown it.

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
    stored = _kept(workspace, name, lambda version: packed(last, name, version))
    _track(workspace, dataset, trained, stored, rules)
    newest = read_artefact(stored.files)
    return Registered(name, stored.version, stored.path, (*earlier, newest))


def _kept(
    workspace: Workspace, name: str, packed: Callable[[str], dict[str, bytes]]
) -> Stored:
    """Keep a model under its next version; the last one where that is the same."""
    artefacts, principal = workspace.artefacts, workspace.principal
    there = artefacts.versions(principal, name)
    if there:
        # The version stands in the files, so the same model must be packed under it.
        newest = artefacts.load(principal, name, there[-1])
        if dict(newest.files) == packed(there[-1]):
            return newest
    return artefacts.save(
        principal, name, packed(artefacts.next_version(principal, name))
    )


def _track(
    workspace: Workspace,
    dataset: Dataset,
    trained: Trained,
    stored: Stored,
    rules: Rules,
) -> None:
    principal = workspace.principal
    tags = {
        "artefact_version": stored.version,
        "artefact_sha256": stored.sha256,
        "dataset_version": dataset.version,
        "feature_fingerprint": trained.columns.fingerprint,
    }
    places = workspace.places
    with open_tracking(f"sqlite:///{places.tracking}", places.runs) as tracking:
        run_id = tracking.log_run(
            principal,
            stored.model,
            params={**rules.as_mapping()["model"], "rows": dataset.sample_count},
            metrics=_figures(trained.evaluation),
            files=[stored.path / "model.json"],
            tags=tags,
        )
        try:
            champion = tracking.champion(principal, stored.model)
            if champion.tags.get("artefact_sha256") == stored.sha256:
                return
        except NotFoundError:
            pass  # the first version of this model
        version = tracking.register(
            principal, stored.model, run_id=run_id, source=stored.path, tags=tags
        )
        tracking.crown(principal, version)
    now_ns = workspace.clock.now_ns()
    name = f"{stored.model} {stored.version}"
    workspace.journal.append(
        principal,
        "model_registered",
        "tradeloop",
        [Event(f"{name} {stored.sha256}", now_ns, now_ns, tags)],
        workspace.audit("crown", name),
    )


def _figures(judged: Evaluation) -> dict[str, float]:
    own, rates = judged.model, judged.no_skill
    found = {
        "accuracy": own.accuracy,
        "accuracy_majority": judged.majority.accuracy,
        "balanced_accuracy": own.balanced_accuracy,
        "log_loss": own.log_loss,
        "log_loss_no_skill": rates.log_loss,
        "brier": own.brier,
        "calibration_error": own.calibration_error,
    }
    figures: dict[str, float] = {}
    for name, interval in found.items():
        if interval is not None:
            figures |= {
                name: interval.value,
                f"{name}_low": interval.low,
                f"{name}_high": interval.high,
            }
    return figures
