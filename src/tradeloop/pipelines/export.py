"""A dataset in the formats of others."""

from pathlib import Path

from tradeloop.datasets.export import as_matrix, shape
from tradeloop.pipelines.browse import card_of, found, root, stored
from tradeloop.pipelines.recipe import read_recipe, splitter_of
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores.exports import EXPORTS, Exported, write_export, writer_of

FORMATS = tuple(EXPORTS)
"""Names of the formats."""


def export(
    workspace: Workspace,
    name: str,
    file_format: str,
    out: Path,
    *,
    fold: int | None = -1,
) -> Exported:
    """Write a dataset in a format, its rows cut into training and test.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    name : str
        Id, or the beginning of id or version.
    file_format : str
        One of `FORMATS`.
    out : Path
        New folder.
    fold : int, optional
        Which fold; the last one by default. None takes all, each under its own name.

    Raises
    ------
    NotFoundError
        There is no such dataset.
    InputError
        No such format or fold.
    ConflictError
        Something lies at ``out``.
    DamagedError
        A file of the dataset does not match its hash.
    """
    writer = writer_of(file_format)
    dataset = stored(workspace, name)
    place = root(workspace, found(workspace, name))
    splitter = splitter_of(read_recipe(workspace, place).split)
    splits = list(splitter.split(dataset.decision_ns, dataset.end_ns))
    shaped = shape(dataset, splits, fold=fold)
    content = as_matrix(shaped) if writer.form == "matrix" else shaped
    about = {**content.about, "card": card_of(workspace, name)}
    return write_export(file_format, out, content.tables, about)
