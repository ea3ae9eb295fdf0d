"""A version goes out of use for good; its files and its history stay."""

from tradeloop.pipelines.models_announce import announce_deployments
from tradeloop.pipelines.models_track import catch_up
from tradeloop.pipelines.promote import Promoted, check_reason
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import Grounds, Move


def archive(
    workspace: Workspace, name: str, version: str, *, approver: str, reason: str
) -> Promoted:
    """Archive a version; it loses its aliases and never comes back.

    Raises
    ------
    InputError
        No reason is given, or it is archived already.
    NotFoundError
        There is no such version of the tenant.
    """
    catalog, principal = workspace.catalog.models, workspace.principal
    check_reason(reason)
    before = catalog.model(principal, name, version).stage
    asked = Move(
        to="archived",
        grounds=Grounds(reason=reason, approver=approver),
        needs_verdict=False,
    )
    audit = workspace.audit("archive", f"{name} {version}", reason=reason)
    moved = catalog.move(principal, name, version, asked, audit)
    announce_deployments(workspace, name)
    return Promoted(moved, before, "", catch_up(workspace))
