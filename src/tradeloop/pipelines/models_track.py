"""What the catalog knows of models, told to the tracking store; later if it is away.

The catalog is the truth. Each version remembers what tracking was told of it, so that
what was missed is told with the next contact, once.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from tradeloop.errors import MissingExtraError
from tradeloop.pipelines.models_load import load_stored
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import (
    ModelVersion,
    StoredModel,
    Tracking,
    TrackingAwayError,
    open_tracking,
)

_COPIED = ("model.json", "card.md")


def tracking_pending(workspace: Workspace) -> list[StoredModel]:
    """Return the tenant's versions of which tracking does not know the latest."""
    named: dict[str, dict[str, str]] = {}
    found = []
    for model in _own(workspace):
        name, known = model.record.name, model.tracking or {}
        if name not in named:
            named[name] = _named(workspace, name)
        latest = _latest(model, named[name])
        if any(known.get(key) != value for key, value in latest.items()):
            found.append(model)
    return found


def catch_up(workspace: Workspace) -> str:
    """Tell tracking what it does not know yet.

    Returns
    -------
    str
        Empty where it knows everything; else why it could not be told. Nothing is lost
        then: the next call tells it.
    """
    pending = tracking_pending(workspace)
    if not pending or not workspace.places.tracking_url:
        return ""
    places = workspace.places
    oldest_first = list(reversed(pending))
    oldest_first.sort(key=lambda model: model.created_ns)
    try:
        with open_tracking(places.tracking_url, places.runs) as tracking:
            for model in oldest_first:
                _tell(workspace, tracking, model)
    except (TrackingAwayError, MissingExtraError) as error:
        return f"{len(pending)} versions are not tracked yet: {error}"
    return ""


def _own(workspace: Workspace) -> Iterable[StoredModel]:
    principal = workspace.principal
    models = workspace.catalog.models.models(principal)
    return (each for each in models if each.principal.tenant == principal.tenant)


def _latest(model: StoredModel, named: Mapping[str, str]) -> dict[str, Any]:
    """Say what tracking should know of a version beside its content."""
    mine = [
        alias for alias, version in named.items() if version == model.record.version
    ]
    return {"stage": model.stage, "aliases": sorted(mine)}


def _named(workspace: Workspace, name: str) -> dict[str, str]:
    named = workspace.catalog.models.aliases(workspace.principal, name)
    return {str(alias): version for alias, version in named.items()}


def _tell(workspace: Workspace, tracking: Tracking, model: StoredModel) -> None:
    principal, record = workspace.principal, model.record
    known = {
        each.tags.get("artefact_sha256"): each
        for each in tracking.versions(principal, record.name)
    }
    there = known.get(record.artefact_sha256) or _register(workspace, tracking, model)
    named = _named(workspace, record.name)
    latest = _latest(model, named)
    tracking.tag(principal, there, stage=model.stage)
    before = (model.tracking or {}).get("aliases", ())
    moved = {alias: None for alias in before if alias not in named}
    tracking.point(
        principal,
        record.name,
        moved | dict.fromkeys(latest["aliases"], there.version),
    )
    workspace.catalog.models.track(
        principal,
        record.name,
        record.version,
        {"run_id": there.run_id, "version": there.version, **latest},
        workspace.audit("track", f"{record.name} {record.version}"),
    )


def _register(
    workspace: Workspace, tracking: Tracking, model: StoredModel
) -> ModelVersion:
    principal, record = workspace.principal, model.record
    stored = load_stored(workspace, model)
    tags = {
        **record.tags,
        "artefact_version": record.version,
        "artefact_sha256": record.artefact_sha256,
        "dataset_version": record.dataset_version,
        "feature_fingerprint": record.feature_fingerprint,
        "parent": record.parent,
    }
    params = {
        "estimator": record.estimator,
        "seed": record.seed,
        "code_version": record.code_version,
    }
    places = workspace.places
    local = not isinstance(places.tracking, str)
    copied = [name for name in stored.files if not local or name in _COPIED]
    run_id = tracking.log_run(
        principal,
        record.name,
        params=params,
        metrics=record.metrics,
        files=[stored.path / name for name in copied],
        tags=tags,
    )
    return tracking.register(
        principal, record.name, run_id=run_id, source=stored.path, tags=tags
    )
