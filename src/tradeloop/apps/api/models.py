"""``/api/v1/models``: the registry is read, and versions are promoted and put back."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, Field

from tradeloop.apps import registering
from tradeloop.apps.api.commanded import commanded
from tradeloop.apps.api.wire import Problem, Text, Wire
from tradeloop.pipelines.workspace import Workspace

router = APIRouter(prefix="/api/v1/models", tags=["models"])

_DENIED: dict[int | str, dict[str, Any]] = {
    403: {"model": Problem, "description": "not a command of the server's own user"}
}
Authorization = Annotated[str, Header()]
Roles = Annotated[list[Text], Field(max_length=100)]


class ListedModel(BaseModel):
    """A registered version."""

    name: str
    version: str
    stage: str
    aliases: list[str]
    verdict: str = Field(description="Newest verdict of the gate, or none.")
    estimator: str
    scope: str
    registered_by: str
    created: str
    metrics: dict[str, float]
    tracked: bool


class ModelsAnswer(BaseModel):
    """The registered versions, by name, the newest first."""

    models: list[ListedModel]


class ModelAnswer(ListedModel):
    """Everything about a version; its files are checked."""

    stage_reason: str
    dataset_version: str
    feature_fingerprint: str
    code_version: str
    seed: int
    parent: str
    artefact_location: str
    artefact_sha256: str
    signature: str
    environment: dict[str, Any]
    tags: dict[str, str]
    evaluations: list[dict[str, Any]]
    deployments: list[dict[str, Any]]
    alerts: list[dict[str, Any]]
    damage: str = Field(description="Which file is not what it was; empty: none.")
    card: str


class RollBackRequest(Wire):
    """Put the production version before this one back."""

    name: Text
    reason: Text
    approver: Text | None = None


class ArchiveRequest(RollBackRequest):
    """Take a version out of use for good."""

    version: Text


class PromoteRequest(ArchiveRequest):
    """Move a version to its next stage."""

    to: Text
    roles: Roles = Field(default_factory=list)


class MovedAnswer(BaseModel):
    """A version in its new stage."""

    name: str
    version: str
    stage: str
    before: str
    replaced: str = Field(description="Champion before it; empty: none was replaced.")
    note: str = Field(description="Why tracking does not know it yet; empty: it does.")


@router.get("", response_model=ModelsAnswer)
def models(request: Request, name: str | None = None, stage: str | None = None) -> Any:
    """List the registered versions."""
    return registering.list_of(_workspace(request), name, stage)


@router.get("/{name}/{version}", response_model=ModelAnswer)
def model(request: Request, name: str, version: str) -> Any:
    """Show a version, such as ``v1.0.0``, ``champion`` or ``challenger``."""
    return registering.version_of(_workspace(request), name, version)


@router.post("/promote", response_model=MovedAnswer, responses=_DENIED)
def promote(
    request: Request, asked: PromoteRequest, authorization: Authorization = ""
) -> Any:
    """Move a version to its next stage, for ``tradeloop models promote``.

    The live loop answers with a new champion within a second.
    """
    return _done(request, authorization, "promote", asked)


@router.post("/rollback", response_model=MovedAnswer, responses=_DENIED)
def rollback(
    request: Request, asked: RollBackRequest, authorization: Authorization = ""
) -> Any:
    """Put the champion before this one back, for ``tradeloop models rollback``."""
    return _done(request, authorization, "rollback", asked)


@router.post("/archive", response_model=MovedAnswer, responses=_DENIED)
def archive(
    request: Request, asked: ArchiveRequest, authorization: Authorization = ""
) -> Any:
    """Take a version out of use, for ``tradeloop models archive``."""
    return _done(request, authorization, "archive", asked)


def _done(
    request: Request, authorization: str, verb: str, asked: RollBackRequest
) -> Mapping[str, Any]:
    served = commanded(request, authorization)
    given = asked.model_dump()
    given["approver"] = asked.approver or served.principal.name
    policy = request.app.state.policy()
    return registering.done(served.workspace, policy, verb, given)


def _workspace(request: Request) -> Workspace:
    workspace: Workspace = request.app.state.served.workspace
    return workspace
