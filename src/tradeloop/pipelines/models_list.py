"""Which models are registered, and where they stand."""

from dataclasses import dataclass

from tradeloop.errors import InputError, NotFoundError
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import GATE, STAGES, StoredModel


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A version in the list.

    Parameters
    ----------
    model : StoredModel
        What was registered, and its stage.
    aliases : tuple of str
        Aliases that name it now.
    verdict : str
        Newest verdict of the gate: passed, failed, or none.
    """

    model: StoredModel
    aliases: tuple[str, ...]
    verdict: str


def list_models(
    workspace: Workspace, name: str | None = None, stage: str | None = None
) -> list[ListedModel]:
    """Return the registered versions by name, the newest first.

    What is not registered is no version, whatever lies among the artefacts.

    Raises
    ------
    InputError
        There is no such stage.
    """
    if stage is not None and stage not in STAGES:
        raise InputError(
            f"There is no stage {stage!r}.", way_out=f"Known: {', '.join(STAGES)}."
        )
    found = workspace.catalog.models.models(workspace.principal, name)
    return [
        listed(workspace, model)
        for model in found
        if stage is None or model.stage == stage
    ]


def listed(workspace: Workspace, model: StoredModel) -> ListedModel:
    """Return a version with its aliases and its verdict."""
    catalog, record = workspace.catalog.models, model.record
    named = catalog.aliases(model.principal, record.name)
    aliases = [alias for alias, version in named.items() if version == record.version]
    judged = catalog.evaluations(model, GATE)
    verdict = judged[0].verdict if judged else "none"
    return ListedModel(model, tuple(sorted(aliases)), verdict)


def version_named(workspace: Workspace, name: str, which: str = "") -> StoredModel:
    """Find a version by its number or its alias.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    name : str
        Of the model.
    which : str
        ``v1.0.0``, ``1.0.0``, ``champion`` or ``challenger``; empty: the champion, else
        the newest.

    Raises
    ------
    NotFoundError
        There is none; the known ones are named.
    """
    models = workspace.catalog.models.models(workspace.principal, name)
    if not models:
        raise NotFoundError(f"There is no model {name!r}. List them: models list.")
    named = workspace.catalog.models.aliases(models[0].principal, name)
    wanted = {str(alias): version for alias, version in named.items()}.get(which, which)
    if not which:
        wanted = named.get("champion", models[0].record.version)
    for model in models:
        if model.record.version in {wanted, f"v{wanted}"}:
            return model
    known = ", ".join(model.record.version for model in models)
    raise NotFoundError(f"The model {name!r} has no {which!r}. It has {known}.")
