"""The production version before this one serves again, in one step."""

from dataclasses import dataclass

from tradeloop.pipelines.models_announce import announce_deployments
from tradeloop.pipelines.models_load import load_stored
from tradeloop.pipelines.models_track import catch_up
from tradeloop.pipelines.promote import check_reason
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import Deployment, Grounds


@dataclass(frozen=True, slots=True)
class RolledBack:
    """What serves now.

    Parameters
    ----------
    deployment : Deployment
        Move of the alias champion.
    note : str
        Why tracking does not know it yet; empty where it does.
    """

    deployment: Deployment
    note: str


def roll_back(
    workspace: Workspace, name: str, *, approver: str, reason: str
) -> RolledBack:
    """Put the version back that the gate had let into production before this one.

    No role is asked for: whoever sees a model do harm may stop it. What was archived
    by hand is passed over.

    Raises
    ------
    InputError
        No reason is given.
    NotFoundError
        There is no earlier version.
    ArtefactError
        The files of the earlier one are not what they were; nothing is moved.
    """
    catalog, principal = workspace.catalog.models, workspace.principal
    check_reason(reason)
    back = catalog.earlier(principal, name)
    if back is not None:
        load_stored(workspace, catalog.model(principal, name, back))
    moved = catalog.roll_back(
        principal,
        name,
        Grounds(reason=reason, approver=approver),
        workspace.audit("roll back", name, reason=reason),
    )
    announce_deployments(workspace, name)
    return RolledBack(moved, catch_up(workspace))
