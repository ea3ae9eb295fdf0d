"""A registered model, loaded: every hash is checked, and the registry's is the last."""

from tradeloop.errors import ArtefactError
from tradeloop.events import Principal
from tradeloop.models import Artefact, read_artefact
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import Artefact as Stored
from tradeloop.stores import StoredModel


def load_stored(workspace: Workspace, model: StoredModel) -> Stored:
    """Return the files of a registered version, if they are those that it had then.

    Raises
    ------
    ArtefactError
        The files are missing, were changed, or are others than the registry says.
    """
    record = model.record
    owner = Principal(model.principal.tenant, workspace.principal.name)
    try:
        stored = workspace.artefacts.load(owner, record.name, record.version)
    except LookupError as error:
        raise ArtefactError(
            f"{record.name} {record.version} is registered, but its files are gone: "
            f"{error} Restore {record.artefact_location} from a backup."
        ) from error
    if stored.sha256 != record.artefact_sha256:
        raise ArtefactError(
            f"{record.name} {record.version} was registered with the hash "
            f"{record.artefact_sha256[:12]}, its files have {stored.sha256[:12]}. They "
            "are another model's: restore them from a backup."
        )
    return stored


def load_model(
    workspace: Workspace, name: str, version: str, *, key: bytes | None = None
) -> Artefact:
    """Read a registered version, ready to score.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    name, version : str
        Which one.
    key : bytes, optional
        Key that must have signed it.

    Raises
    ------
    NotFoundError
        It is not registered, or is another's.
    ArtefactError
        A file is not what it was, or the signature does not fit.
    """
    found = workspace.catalog.models.model(workspace.principal, name, version)
    return read_artefact(load_stored(workspace, found).files, key=key)
