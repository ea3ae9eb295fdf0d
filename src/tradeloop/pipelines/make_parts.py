"""The parts of a large dataset, made one after another and put together.

Day files of four frames are written as a part is made; outcomes wait aside, since they
lack their fold until the times of all rows are known.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from tradeloop.datasets import (
    Dataset,
    DatasetInputs,
    Splitter,
    Undivided,
    fold_of,
    market_state,
)
from tradeloop.datasets.assemble import rows_of, with_fold
from tradeloop.datasets.parts import Thin, joined, outline, thin
from tradeloop.datasets.paths import day_frames
from tradeloop.events import DECISION
from tradeloop.pipelines.assemble import (
    STATE,
    Material,
    cut,
    inputs_of,
    part_of,
    recipe_with,
    sources_of,
    splitter_for,
)
from tradeloop.pipelines.gather import graded
from tradeloop.pipelines.gather_parts import Aside, of_part
from tradeloop.pipelines.rules import Rules
from tradeloop.stores.lake_stream import DatasetStream


@dataclass(slots=True, eq=False)
class Making:
    """What is known while the parts are made.

    Parameters
    ----------
    aside : Aside
        Inputs.
    material : Material
        Features of all bars; no decisions but their ids.
    rules : Rules
        How it is made.
    stream : DatasetStream
        Where files go.
    thins : list of Thin
        Of each part.
    paths : list of (list of str)
        Files of each part.
    labelled : int
        Decisions with a label.
    """

    aside: Aside
    material: Material
    rules: Rules
    stream: DatasetStream
    thins: list[Thin] = field(default_factory=list)
    paths: list[list[str]] = field(default_factory=list)
    labelled: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Whole:
    """All rows together.

    Parameters
    ----------
    dataset : Dataset
        Outline, see `tradeloop.datasets.parts`.
    splitter : Splitter
        What cut its folds.
    rows : Thin
        What the outline is made of.
    """

    dataset: Dataset
    splitter: Splitter
    rows: Thin


def _inputs(made: Making) -> DatasetInputs:
    """Hash the inputs; the decisions one column at a time."""
    market, none = made.aside.gathered.market, DECISION.empty()
    material = replace(made.material, decisions=none)
    inputs = inputs_of(market, material, Undivided(), made.rules)
    decisions = {"decisions": made.aside.content_hash()}
    return replace(inputs, slices={**inputs.slices, **decisions})


def assemble_parts(made: Making, parts: list[tuple[int, int]]) -> None:
    """Label and assemble each part; write all but the outcomes, which wait.

    Parameters
    ----------
    made : Making
        Gets files, thin rows and counts.
    parts : list of (begin_ns, end_ns)
        From `tradeloop.datasets.parts.day_parts`.
    """
    market, spill = made.aside.gathered.market, made.aside.spill
    recipe = recipe_with(
        inputs_of(
            replace(market, bars=market.bars.clear(), quotes=market.quotes.clear()),
            replace(made.material, decisions=DECISION.empty(), fills=None, orders=None),
            Undivided(),
            made.rules,
        ),
        Undivided(),
        made.material,
    )
    facts = market_state(market.bars, STATE)
    for number, (begin_ns, end_ns) in enumerate(parts):
        part = _graded(made, made.aside.between(begin_ns, end_ns))
        made.labelled += int((part.labels["state"] == "labelled").sum())
        due = next(name for name in part.labels.columns if name.startswith("due_ns_"))
        spill.put(
            "label", number, part.labels.select("decision_id", "state", "reason", due)
        )
        sources = replace(part_of(sources_of(market, part, made.rules)), state=facts)
        rows = rows_of(sources, recipe)
        made.thins.append(thin(rows))
        made.paths.append([])
        if rows.frames:
            frames = dict(rows.frames)
            outcomes = frames.pop("outcome_labels")
            spill.put("outcome", number, outcomes)
            _write(made, number, frames, outcomes["decision_ns"])


def _write(
    made: Making, number: int, frames: Mapping[str, pl.DataFrame], at_ns: pl.Series
) -> None:
    files = day_frames(frames, at_ns)
    made.stream.write(files)
    made.paths[number] += files


def _graded(made: Making, decisions: pl.DataFrame) -> Material:
    """Grade the decisions of a part; a benchmark is never graded alone."""
    market, rules = made.aside.gathered.market, made.rules
    part = of_part(made.material, decisions)
    benchmark = part.benchmark
    if benchmark is None or (decisions["instrument"] != benchmark).any():
        return graded(part, market, rules, decisions)
    others = made.aside.stamps["instrument"] != benchmark
    if not others.any():
        return graded(part, market, rules, decisions)
    # Labelling refuses decisions that are all on the benchmark: one joins, and leaves.
    at_ns = int(made.aside.received_ns[int(others.arg_max() or 0)])
    beside = made.aside.between(at_ns, at_ns + 1)
    other = beside.filter(pl.col("instrument") != benchmark).head(1)
    both = graded(part, market, rules, pl.concat([decisions, other]))
    return replace(part, decisions=decisions, labels=both.labels.head(decisions.height))


def cut_folds(made: Making, notes: dict[str, str]) -> Whole:
    """Cut the folds by the times of all rows, and write the outcomes.

    Parameters
    ----------
    made : Making
        All parts.
    notes : dict of str to str
        Gets the reason where there are no folds.

    Raises
    ------
    InputError
        No decision became a row.
    """
    rows, inputs = joined(made.thins), _inputs(made)
    times = rows.rows["decision_ns"].to_numpy(), rows.rows["end_ns"].to_numpy()

    def cut_by(splitter: Splitter) -> Dataset:
        fold = fold_of(times[0].size, list(splitter.split(*times)))
        said = splitter.as_mapping()
        return outline(rows, fold, replace(inputs, split=said))

    wanted = splitter_for(made.labelled, made.material.horizons_ns[0], made.rules)
    dataset, splitter = cut(cut_by, wanted, notes)
    fold, first = dataset.fold, 0
    for number, part in enumerate(made.thins):
        last = first + part.rows.height
        if last > first:
            outcomes = made.aside.spill.take("outcome", number)
            frames = {"outcome_labels": with_fold(outcomes, fold[first:last])}
            _write(made, number, frames, outcomes["decision_ns"])
        first = last
    return Whole(dataset, splitter, rows)
