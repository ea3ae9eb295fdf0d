"""What became of models, in the journal: registered, deployed; each once.

The catalog commits first. What a crash kept from the journal comes with the next write
about the same model, since an event's id and time are those of the catalog's row.
"""

from collections.abc import Mapping
from typing import Any

from tradeloop.errors import NotFoundError
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import Event, StoredModel

_SOURCE = "tradeloop"


def announce_model(workspace: Workspace, model: StoredModel) -> None:
    """Write `model_registered` unless it is there."""
    record = model.record
    body = {
        "model": record.name,
        "artefact_version": record.version,
        "artefact_sha256": record.artefact_sha256,
        "dataset_version": record.dataset_version,
        "feature_fingerprint": record.feature_fingerprint,
    }
    name = f"registered {record.name} {record.version} {record.artefact_sha256}"
    _append(workspace, "model_registered", (name, model.created_ns), body, "register")


def announce_deployments(workspace: Workspace, name: str) -> None:
    """Write `model_deployed` for each move of an alias that is not there."""
    for moved in workspace.catalog.models.deployments(workspace.principal, name):
        body = {
            "model": name,
            "alias": moved.alias,
            "kind": moved.kind,
            "from_version": moved.before,
            "to_version": moved.after,
            "reason": moved.grounds.reason,
            "approver": moved.grounds.approver,
            "approver_role": moved.grounds.role,
        }
        key = f"deployed {name} {moved.alias} {moved.number}"
        action = "crown" if moved.alias == "champion" else "challenge"
        _append(workspace, "model_deployed", (key, moved.at_ns), body, action)


def _append(
    workspace: Workspace,
    kind: str,
    event: tuple[str, int],
    body: Mapping[str, Any],
    action: str,
) -> None:
    (name, at_ns), principal = event, workspace.principal
    try:
        workspace.journal.get(principal, kind, name)
    except NotFoundError:
        given = [Event(name, at_ns, at_ns, body)]
        audit = workspace.audit(action, name)
        workspace.journal.append(principal, kind, _SOURCE, given, audit)
