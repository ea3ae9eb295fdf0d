"""Datasets given to others through DVC, and fetched again."""

from dataclasses import dataclass
from pathlib import Path

from tradeloop.pipelines.browse import found, root
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import DvcProject


@dataclass(frozen=True, slots=True)
class Published:
    """A dataset that DVC tracks.

    Parameters
    ----------
    dataset_id : str
        Its name.
    tracked : Path
        The ``.dvc`` file that stands for it.
    pushed : bool
        Whether a remote has it.
    """

    dataset_id: str
    tracked: Path
    pushed: bool


def publish(
    workspace: Workspace, name: str, project: Path, remote: str | None
) -> Published:
    """Track a dataset with DVC and push it.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    name : str
        Id, or the beginning of id or version.
    project : Path
        Folder of the DVC project; made one where it is none.
    remote : str, optional
        Where to push it; None tracks it only.

    Raises
    ------
    NotFoundError
        There is no such dataset.
    DamagedError
        Its files do not match their hashes: nothing damaged is given away.
    ConflictError
        The project tracks another content under its name.
    """
    record = found(workspace, name)
    place = root(workspace, record)
    workspace.lake.verify(workspace.principal, place)
    folder = workspace.places.lake / workspace.principal.tenant / place
    dvc = DvcProject(project)
    tracked = dvc.add(folder, record.dataset_id)
    if remote is not None:
        dvc.push(record.dataset_id, remote)
    return Published(record.dataset_id, tracked, remote is not None)


def fetch(project: Path, name: str) -> int:
    """Bring a published dataset back and check each file; return how many there are.

    Raises
    ------
    TradeloopError
        It is not tracked there, or cannot be had.
    DamagedError
        A file does not match its hash.
    """
    return len(DvcProject(project).fetch(name).files)
