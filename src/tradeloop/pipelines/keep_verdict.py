"""The verdict of the gate on a version, kept with every number that it was given by."""

from tradeloop.errors import InputError
from tradeloop.feedback import Verdict
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import GATE, EvaluationRecord


def keep_verdict(
    workspace: Workspace, name: str, version: str, verdict: Verdict
) -> None:
    """Keep a verdict; it is what `promote` goes by until there is a newer one.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    name, version : str
        What was judged; ``verdict.model`` is ``"{name} {version}"``.
    verdict : Verdict
        What the gate said; its author is who registered the version.

    Raises
    ------
    InputError
        It is the verdict on another model, or names another author.
    NotFoundError
        There is no such version.
    """
    catalog, principal = workspace.catalog.models, workspace.principal
    model = catalog.model(principal, name, version)
    told = (verdict.model, verdict.author)
    wanted = (f"{name} {version}", model.principal.name)
    if told != wanted:
        raise InputError(
            f"The verdict is on {told[0]!r} by {told[1]!r}, registered is "
            f"{wanted[0]!r} by {wanted[1]!r}.",
            way_out="Judge this version, under these names.",
            source="verdict",
        )
    record = EvaluationRecord(
        kind=GATE,
        at_ns=workspace.clock.now_ns(),
        numbers=verdict.as_mapping(),
        verdict="passed" if verdict.promoted else "failed",
        reason=verdict.reason,
    )
    audit = workspace.audit("judge", f"{name} {version}", verdict=record.verdict)
    catalog.evaluate(principal, name, version, record, audit)


def verdict_on(workspace: Workspace, name: str, version: str) -> Verdict | None:
    """Return the newest verdict on a version; None where it was not judged.

    Raises
    ------
    InputError
        It was changed after it was given.
    """
    model = workspace.catalog.models.model(workspace.principal, name, version)
    judged = workspace.catalog.models.evaluations(model, GATE)
    return Verdict.from_mapping(judged[0].numbers) if judged else None
