"""A dataset made again from its recipe, and compared with what lies in the lake."""

from collections.abc import Sequence
from dataclasses import dataclass

from tradeloop.datasets import Dataset, frame_hash
from tradeloop.errors import DamagedError, TradeloopError
from tradeloop.events import DatasetType
from tradeloop.features import Column
from tradeloop.pipelines.assemble import assemble_dataset
from tradeloop.pipelines.browse import found, frames_of, root, version_of
from tradeloop.pipelines.gather import Gathered, Plan, gather_again, graded, prepared
from tradeloop.pipelines.recipe import Recipe, read_recipe
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Verified:
    """What a second making of a dataset showed.

    Parameters
    ----------
    dataset_id, version : str
        Its names.
    files : int
        Files whose bytes match the manifest.
    remade : str
        Version that was made again.
    frames : dict of str to bool
        Frame to whether it is equal, cell by cell, bit by bit.
    reason : str, optional
        Why it could not be made again.
    """

    dataset_id: str
    version: str
    files: int
    remade: str
    frames: dict[str, bool]
    reason: str | None = None

    @property
    def same(self) -> bool:
        """Whether version and rows came out the same."""
        return self.remade == self.version and all(self.frames.values())


def build_again(
    workspace: Workspace, root: str, own: Sequence[Column]
) -> tuple[Dataset, Recipe]:
    """Make a dataset again, from what its recipe names; nothing is written.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    root : str
        Folder of the dataset below that of its tenant.
    own : sequence of Column
        Features of the user's own that are at hand.

    Raises
    ------
    NotFoundError
        The dataset has no recipe.
    TradeloopError
        An input is no longer there.
    """
    recipe = read_recipe(workspace, root)
    rules = recipe.rules_with(own)
    gathered = gather_again(workspace, recipe, root)
    return remade(gathered, recipe, rules), recipe


def remade(gathered: Gathered, recipe: Recipe, rules: Rules) -> Dataset:
    """Assemble these inputs by these rules; type, horizons, split from the recipe."""
    kind = DatasetType(recipe.dataset_type)
    plan = Plan(kind, recipe.horizons_ns, recipe.benchmark)
    ready = prepared(gathered, rules, plan)
    material = graded(ready, gathered.market, rules, ready.decisions)
    return assemble_dataset(gathered.market, material, recipe.splitter(), rules)


def verify(
    workspace: Workspace, name: str, own: Sequence[Column], *, rebuild: bool = True
) -> Verified:
    """Check the bytes of a dataset, make it again and compare every cell.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    name : str
        Id, or the beginning of id or version.
    own : sequence of Column
        Features of the user's own that are at hand.
    rebuild : bool
        False checks the bytes only.

    Raises
    ------
    DamagedError
        Files do not match their hashes; each is named.
    """
    record = found(workspace, name)
    place, version = root(workspace, record), version_of(record)
    files = workspace.lake.verify(workspace.principal, place)
    if not rebuild:
        return Verified(record.dataset_id, version, files, version, {})
    try:
        again, _ = build_again(workspace, place, own)
    except DamagedError:
        raise
    except TradeloopError as error:
        return Verified(record.dataset_id, version, files, "", {}, str(error))
    there = frames_of(workspace, place)
    same = {
        each: frame_hash(there[each]) == frame_hash(frame)
        for each, frame in again.frames.items()
    }
    return Verified(record.dataset_id, version, files, again.version, same)
