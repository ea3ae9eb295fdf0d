"""How a dataset was made, written beside it, so that it can be made again.

A dataset's version names its inputs by their hashes. ``recipe.json`` says where these
inputs are: up to which position of the journal, which slices of the lake, which rules.
The decisions and fills that were looked at stand in ``inputs``, in their order. None of
it is hashed: the same inputs may lie elsewhere.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from tradeloop.datasets import ALL as SPLITTERS
from tradeloop.datasets import Splitter, Undivided
from tradeloop.errors import InputError, NotFoundError, TradeloopError
from tradeloop.events import DECISION, FILL, Record, duration_ns, duration_text
from tradeloop.features import Column, FeatureChoice
from tradeloop.pipelines.assemble import Material
from tradeloop.pipelines.captured import Extent
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.workspace import Workspace

FILE = "recipe.json"
_INPUTS = "inputs"
_FORM = 1


@dataclass(frozen=True, slots=True)
class Recipe:
    """What it takes to make a dataset again.

    Parameters
    ----------
    dataset_type : str
        What it teaches.
    horizons_ns : tuple of int
        Horizons of the labels; the first is the primary one.
    benchmark : str or None
        Instrument that was subtracted.
    interval_ns : int
        Length of a bar.
    extent : Extent
        Which of the captured events count.
    rules : mapping
        What `Rules.as_mapping` gave.
    features : mapping
        What `FeatureChoice.as_mapping` gave.
    fingerprint : str
        Of the bank of features.
    split : mapping
        What the splitter's ``as_mapping`` gave.
    """

    dataset_type: str
    horizons_ns: tuple[int, ...]
    benchmark: str | None
    interval_ns: int
    extent: Extent
    rules: Mapping[str, Any]
    features: Mapping[str, Any]
    fingerprint: str
    split: Mapping[str, Any]

    def text(self) -> str:
        """Write it as JSON."""
        said = {
            "form": _FORM,
            **asdict(self),
            "horizons_ns": [duration_text(ns) for ns in self.horizons_ns],
            "interval_ns": duration_text(self.interval_ns),
        }
        return json.dumps(said, indent=2, sort_keys=True, allow_nan=False) + "\n"

    @classmethod
    def of(cls, text: str) -> "Recipe":
        """Read what `text` wrote.

        Raises
        ------
        TradeloopError
            It has another form: a later version of the program wrote it.
        """
        said = json.loads(text)
        if said.pop("form") != _FORM:
            raise TradeloopError(
                f"{FILE} has a form that this version of tradeloop does not read. "
                "Take the version that wrote it."
            )
        slices = said["extent"]["slices"]
        said["extent"] = Extent(
            said["extent"]["until_seq"], None if slices is None else tuple(slices)
        )
        said["horizons_ns"] = tuple(duration_ns(h) for h in said["horizons_ns"])
        said["interval_ns"] = duration_ns(said["interval_ns"])
        return cls(**said)

    def splitter(self) -> Splitter:
        """Make the splitter again."""
        return splitter_of(self.split)

    def choice(self, own: Sequence[Column]) -> FeatureChoice:
        """Make the choice of features again.

        Parameters
        ----------
        own : sequence of Column
            Features of the user's own that are at hand.

        Raises
        ------
        InputError
            One that the dataset took is not among them.
        """
        known = {column.name: column for column in own}
        for name in self.features["own"]:
            if name not in known:
                raise InputError(
                    f"The dataset has a feature of your own, {name!r}, that is not at "
                    "hand.",
                    way_out="Name its file under feature_files of tradeloop.toml.",
                    source="feature_files",
                    column=name,
                )
        lengths = tuple(duration_ns(text) for text in self.features["timeframes"])
        own_again = tuple(known[name] for name in self.features["own"])
        return FeatureChoice(self.features["kind"], own_again, lengths)

    def rules_with(self, own: Sequence[Column]) -> Rules:
        """Make the rules again; ``own`` as in `choice`."""
        return Rules.from_mapping(self.rules, self.choice(own))


def recipe_of(
    material: Material,
    rules: Rules,
    splitter: Splitter,
    extent: Extent,
    interval_ns: int,
) -> Recipe:
    """Write down how a dataset was made.

    Parameters
    ----------
    material, rules, splitter
        What it was made with.
    extent : Extent
        Which of the captured events counted.
    interval_ns : int
        Length of a bar.
    """
    return Recipe(
        dataset_type=material.dataset_type.value,
        horizons_ns=material.horizons_ns,
        benchmark=material.benchmark,
        interval_ns=interval_ns,
        extent=extent,
        rules=rules.as_mapping(),
        features=rules.features.as_mapping(),
        fingerprint=material.bank.fingerprint,
        split=splitter.as_mapping(),
    )


def splitter_of(said: Mapping[str, Any]) -> Splitter:
    """Make the splitter that wrote this mapping.

    Raises
    ------
    TradeloopError
        There is none of the name.
    """
    given = dict(said)
    name = given.pop("splitter")
    known: tuple[type[Splitter], ...] = (Undivided, *SPLITTERS)
    for each in known:
        if each().as_mapping()["splitter"] == name:
            return each(**given)
    raise TradeloopError(
        f"There is no split {name!r}. Take the version of tradeloop that made it."
    )


def input_files(
    decisions: pl.DataFrame, fills: pl.DataFrame | None
) -> dict[str, pl.DataFrame]:
    """Ids of what was looked at, in its order, as files of the dataset's folder."""
    frames = {DECISION: decisions, FILL: fills}
    return {
        f"{_INPUTS}/{record.kind}_ids.parquet": frame.select(record.key)
        for record, frame in frames.items()
        if frame is not None
    }


def read_recipe(workspace: Workspace, root: str) -> Recipe:
    """Read the recipe of a dataset.

    Raises
    ------
    NotFoundError
        The dataset has none: an earlier version of the program made it, or it is a row
        that was collected alone.
    """
    try:
        return Recipe.of(workspace.lake.read_text(workspace.principal, root, FILE))
    except NotFoundError as missing:
        raise NotFoundError(
            f"{root} has no {FILE}, so that it cannot be made again. Build it anew: "
            "tradeloop datasets build."
        ) from missing


def asked_for(
    workspace: Workspace, root: str, record: Record, rows: pl.DataFrame
) -> pl.DataFrame:
    """Take the rows that the dataset looked at, in its order.

    Raises
    ------
    TradeloopError
        One of them is not among ``rows``.
    """
    try:
        ids = workspace.lake.read(
            workspace.principal, root, f"{record.kind}_ids"
        ).collect()
    except NotFoundError:
        return record.empty()  # it looked at none
    found = ids.join(rows, on=record.key, how="inner", maintain_order="left")
    if found.height < ids.height:
        lost = ids.join(rows, on=record.key, how="anti").row(0)[0]
        raise TradeloopError(
            f"The {record.kind} {lost!r} of the dataset is not in the journal. "
            "Restore the journal from a backup."
        )
    return found.select(list(record.schema))
