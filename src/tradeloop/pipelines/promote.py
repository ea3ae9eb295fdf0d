"""A version goes to the next stage; into canary and production by the gate alone.

Moving the alias champion deploys the model: what serves follows the alias.
"""

from dataclasses import dataclass

from tradeloop.errors import InputError
from tradeloop.feedback import Approver, Policy, enforce
from tradeloop.pipelines.keep_verdict import verdict_on
from tradeloop.pipelines.models_announce import announce_deployments
from tradeloop.pipelines.models_load import load_stored
from tradeloop.pipelines.models_track import catch_up
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import Grounds, Move, StoredModel

GATED = ("canary", "production")
"""Stages that act on the market: a verdict and an approver stand before them."""


@dataclass(frozen=True, slots=True)
class Promoted:
    """A version in its new stage.

    Parameters
    ----------
    model : StoredModel
        As it stands now.
    before : str
        Stage that it came from.
    replaced : str
        Version that was the champion before; empty where none was replaced.
    note : str
        Why tracking does not know it yet; empty where it does.
    """

    model: StoredModel
    before: str
    replaced: str
    note: str


def promote(
    workspace: Workspace,
    name: str,
    version: str,
    to: str,
    *,
    approver: Approver,
    policy: Policy,
    reason: str,
) -> Promoted:
    """Move a version to a stage.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    name, version : str
        Which one.
    to : str
        The next stage; see `tradeloop.stores.stages`.
    approver : Approver
        Who wants it, with his roles.
    policy : Policy
        Promotion policy in force; its role and its verdict count in `GATED` stages.
    reason : str
        Why, in words.

    Raises
    ------
    InputError
        No reason, no such move, no verdict, a verdict that refuses or was given under
        another policy, or an approver who may not.
    NotFoundError
        There is no such version of the tenant.
    ArtefactError
        Its files are not what they were.
    """
    catalog, principal = workspace.catalog.models, workspace.principal
    model = catalog.model(principal, name, version)
    check_reason(reason)
    role = ""
    if to in GATED:
        role = _approved(workspace, model, approver, policy)
        load_stored(workspace, model)
    before = catalog.aliases(principal, name).get("champion", "")
    grounds = Grounds(reason=reason, approver=approver.name, role=role)
    moved = catalog.move(
        principal,
        name,
        version,
        Move(to=to, grounds=grounds, needs_verdict=to in GATED),
        workspace.audit("promote", f"{name} {version}", to=to, reason=reason),
    )
    announce_deployments(workspace, name)
    replaced = before if to == "production" and before != version else ""
    return Promoted(moved, model.stage, replaced, catch_up(workspace))


def check_reason(reason: str) -> None:
    """Refuse a move without a reason."""
    if not reason.strip():
        raise InputError(
            "The stage of a model is moved with a reason, was none.",
            way_out="Say why, in words.",
            source="reason",
        )


def _approved(
    workspace: Workspace, model: StoredModel, approver: Approver, policy: Policy
) -> str:
    """Return the role in which the policy lets the approver do it."""
    name, version = model.record.name, model.record.version
    verdict = verdict_on(workspace, name, version)
    if verdict is None:
        raise InputError(
            f"{name} {version} has no verdict of the gate.",
            way_out="Judge it first, then promote it.",
            source="verdict",
        )
    return enforce(policy, verdict, approver).role
