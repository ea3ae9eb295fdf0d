"""Two versions of a dataset: which cells differ, and why.

The way from the old version to the new one is walked in steps, each of which changes
one kind of input and makes the dataset again:

1. ``code``: the old inputs and rules, with the program as it is now;
2. ``data``: the old rules on the new version's inputs. Rows that come in are new data;
   a cell of a row that was there before is a correction: something that it rests on
   came late or was put right. The fold of such a row may move with the number of rows;
3. ``rule``: the new rules, horizons and split on the new inputs;
4. ``code`` again, where the new version was made by another program than the present.

A cell's causes are the steps that change it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import polars as pl

from tradeloop.datasets import Dataset
from tradeloop.errors import InputError
from tradeloop.features import Column
from tradeloop.pipelines.browse import found, root, stored
from tradeloop.pipelines.gather import gather_again
from tradeloop.pipelines.rebuild import build_again, remade
from tradeloop.pipelines.recipe import read_recipe
from tradeloop.pipelines.workspace import Workspace

Cause = Literal["code", "new data", "correction", "split", "rule"]
Place = tuple[str, str]
Cells = dict[Place, pl.Series]
_FOLD: Place = ("outcome_labels", "fold")


@dataclass(frozen=True, slots=True)
class Change:
    """Cells of one column that changed for one cause.

    Parameters
    ----------
    cause : str
        ``code``, ``new data``, ``correction``, ``split`` or ``rule``.
    frame, column : str
        Where.
    cells : int
        How many.
    example : str
        Decision of the first of them.
    """

    cause: Cause
    frame: str
    column: str
    cells: int
    example: str


@dataclass(frozen=True, slots=True)
class Diff:
    """What differs between two versions.

    Parameters
    ----------
    old, new : str
        Their ids.
    added, removed : mapping of str to int
        Cause to rows that only the new, or only the old version has.
    changes : tuple of Change
        Of rows that both have, the most cells first.
    unexplained : int
        Cells that differ though no step changed them; 0 unless a stored input was lost.
    """

    old: str
    new: str
    added: Mapping[str, int]
    removed: Mapping[str, int]
    changes: tuple[Change, ...]
    unexplained: int


def diff(workspace: Workspace, old: str, new: str, own: Sequence[Column]) -> Diff:
    """Explain each cell that differs between two versions of a dataset.

    Parameters
    ----------
    workspace : Workspace
        Open stores.
    old, new : str
        Ids, or the beginnings of ids or versions.
    own : sequence of Column
        Features of the user's own that are at hand.

    Raises
    ------
    InputError
        They are of two types.
    NotFoundError
        There is none of the name, or one has no recipe.
    """
    first, last = found(workspace, old), found(workspace, new)
    if first.dataset_type != last.dataset_type:
        raise InputError(
            f"A {first.dataset_type} and a {last.dataset_type} dataset are no versions "
            "of each other.",
            way_out="Compare two of one type.",
            source="datasets",
        )
    steps = list(
        _steps(workspace, (root(workspace, first), root(workspace, last)), own)
    )
    there = stored(workspace, first.dataset_id), stored(workspace, last.dataset_id)
    ladder = [("code", there[0]), *steps, ("code", there[1])]
    changes, added, removed = [], _Counts(), _Counts()
    explained: Cells = {}
    for (_, before), (kind, after) in pairwise(ladder):
        cells = changed_cells(before, after)
        ids = ids_of(before), ids_of(after)
        cause: Cause = "new data" if kind == "data" else kind  # type: ignore[assignment]
        added.put(cause, ids[1].filter(~ids[1].is_in(ids[0].implode())).len())
        removed.put(cause, ids[0].filter(~ids[0].is_in(ids[1].implode())).len())
        for place, names in cells.items():
            changes.append(Change(_cause(kind, place), *place, names.len(), names[0]))
            seen = explained.get(place, names.clear())
            explained[place] = pl.concat([seen, names])
    return Diff(
        old=first.dataset_id,
        new=last.dataset_id,
        added=added.counts,
        removed=removed.counts,
        changes=tuple(sorted(changes, key=lambda c: (-c.cells, c.frame, c.column))),
        unexplained=_unexplained(changed_cells(*there), explained),
    )


class _Counts:
    """Counts by cause; 0 is not told."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def put(self, cause: str, count: int) -> None:
        if count:
            self.counts[cause] = self.counts.get(cause, 0) + count


def _steps(
    workspace: Workspace, roots: tuple[str, str], own: Sequence[Column]
) -> Iterator[tuple[str, Dataset]]:
    """Make the dataset again after each step of the way, with the step's name."""
    again, recipe = build_again(workspace, roots[0], own)
    yield "code", again
    target = read_recipe(workspace, roots[1])
    gathered = gather_again(workspace, target, roots[1])
    yield "data", remade(gathered, recipe, recipe.rules_with(own))
    yield "rule", remade(gathered, target, target.rules_with(own))


def _cause(kind: str, place: Place) -> Cause:
    if kind == "data":
        return "split" if place == _FOLD else "correction"
    return "rule" if kind == "rule" else "code"


def ids_of(dataset: Dataset) -> pl.Series:
    """Ids of a dataset's decisions."""
    return dataset.decision_context["decision_id"]


def changed_cells(before: Dataset, after: Dataset) -> Cells:
    """Find the cells that differ in rows that both have.

    Parameters
    ----------
    before, after : Dataset
        Two makings of one dataset.

    Returns
    -------
    dict of (frame, column) to polars.Series
        Ids of the decisions whose cell differs; a column that only one has differs in
        every row. NaN equals NaN and null equals null.
    """
    cells: Cells = {}
    for name, old in before.frames.items():
        new = after.frames[name]
        both = old.select("decision_id").join(
            new.select("decision_id"), on="decision_id", maintain_order="left"
        )
        one = both.join(old, on="decision_id", how="left", maintain_order="left")
        two = both.join(new, on="decision_id", how="left", maintain_order="left")
        for column in dict.fromkeys((*old.columns, *new.columns)):
            shared = column in old.columns and column in new.columns
            same = shared and one[column].dtype == two[column].dtype
            differs = (
                one[column].ne_missing(two[column])
                if same
                else pl.repeat(value=True, n=both.height, eager=True)
            )
            if differs.any():
                cells[name, column] = both["decision_id"].filter(differs)
    return cells


def _unexplained(differing: Cells, explained: Cells) -> int:
    lost = 0
    for place, names in differing.items():
        told = explained.get(place, names.clear())
        lost += names.filter(~names.is_in(told.implode())).len()
    return lost
