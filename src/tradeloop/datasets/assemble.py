"""From decisions, market and labels to a dataset.

1. Only labelled decisions with a known feature row become rows; the rest is counted.
2. Rows stand in the order of the decisions: time, then id.
3. Features and market state are joined as of each decision.
4. Labels are named as in the contract; the targets of the dataset's type stand beside
   them, and a row ends when all of them were known.
5. Folds are cut by the intervals from decision to end.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradeloop.costs import CostModel
from tradeloop.datasets.asof import as_of
from tradeloop.datasets.contexts import (
    decision_context,
    execution_context,
    market_context,
)
from tradeloop.datasets.dataset import Dataset
from tradeloop.datasets.folds import fold_of
from tradeloop.datasets.kinds import Kind, Labels, kind_of
from tradeloop.datasets.market_state import STATE_COLUMNS, StateRule, market_state
from tradeloop.datasets.outcomes import Execution, horizons_of, outcome_labels
from tradeloop.datasets.splitter import Splitter
from tradeloop.datasets.version import DatasetInputs
from tradeloop.errors import InputError
from tradeloop.events import DecisionState
from tradeloop.features import RegimeRule

_KEYS = ("instrument", "event_ns", "received_ns")
_FOLD_AT = 3  # place of the fold among the columns of outcome_labels


@dataclass(frozen=True, eq=False, slots=True)
class Sources:
    """Frames that a dataset is made of.

    Parameters
    ----------
    decisions, bars : polars.DataFrame
        Rows of the records DECISION and BAR.
    features : polars.DataFrame of shape (n_bars, 3 + n_features)
        instrument, event_ns, received_ns and the features known after each bar.
    labels : polars.DataFrame
        What labelling returned, one row per decision.
    interval_ns : int
        Length of a bar.
    series, fills : polars.DataFrame, optional
        Rows of the records SERIES and FILL.
    quotes, orders : polars.DataFrame, optional
        Rows of the records QUOTE and ORDER_EVENT; they tell how fills were made.
    costs : CostModel, optional
        Model that the labels' net was made with.
    execution : polars.DataFrame, optional
        What `tradeloop.labels.execution.execution_truth` returned;
        EXECUTION_OPTIMIZATION needs it.
    state : polars.DataFrame, optional
        `market_state` of the bars by the recipe's rule, where it is at hand: who
        assembles part by part computes it once.
    """

    decisions: pl.DataFrame
    bars: pl.DataFrame
    features: pl.DataFrame
    labels: pl.DataFrame
    interval_ns: int
    series: pl.DataFrame | None = None
    fills: pl.DataFrame | None = None
    quotes: pl.DataFrame | None = None
    orders: pl.DataFrame | None = None
    costs: CostModel | None = None
    execution: pl.DataFrame | None = None
    state: pl.DataFrame | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """Rules by which a dataset is made.

    Parameters
    ----------
    inputs : DatasetInputs
        What the version is the hash of; holds the dataset's type.
    splitter : Splitter
        How rows are cut into folds; ``inputs.split`` must be its mapping.
    categories : mapping of str to str
        Feature to its category; the technical ones go into the market context.
    state : StateRule
        Windows of the market's state; ``inputs.rules`` should hold them.
    regime : RegimeRule
        Thresholds of the market's regime; ``inputs.rules`` should hold them.
    """

    inputs: DatasetInputs
    splitter: Splitter
    categories: Mapping[str, str] = field(default_factory=dict)
    state: StateRule = field(default_factory=StateRule)
    regime: RegimeRule = field(default_factory=RegimeRule)

    def __post_init__(self) -> None:
        if dict(self.inputs.split) != dict(self.splitter.as_mapping()):
            raise InputError(
                "The split in the inputs is not the splitter's: "
                f"{self.inputs.split} against {self.splitter.as_mapping()}.",
                way_out="Build the inputs with split=splitter.as_mapping().",
                source="Recipe",
            )


def _labelled(sources: Sources) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, int]]:
    """Pick the decisions that have a label, in order, with their labels."""
    done = sources.labels.filter(pl.col("state") == DecisionState.LABELLED.value)
    labels = done.join(
        sources.decisions.select("decision_id"), on="decision_id", how="semi"
    ).sort("decision_ns", "decision_id")
    decisions = labels.select("decision_id").join(
        sources.decisions, on="decision_id", how="left", maintain_order="left"
    )
    return (
        decisions,
        labels,
        {"not labelled": sources.decisions.height - decisions.height},
    )


def _targets(
    sources: Sources, labels: pl.DataFrame, state: pl.DataFrame, kind: Kind
) -> tuple[pl.DataFrame, pl.Series]:
    """Make the targets of the dataset's type, and say which rows have what it needs."""
    targets = kind.measured(
        Labels(
            rows=labels,
            every=sources.labels,
            bars=sources.bars,
            volatility_level=state["volatility_level"],
            interval_ns=sources.interval_ns,
            horizons=horizons_of(labels),
            execution=sources.execution,
        )
    )
    if not kind.needs_own:
        return targets, pl.repeat(value=True, n=targets.height, eager=True)
    own = pl.any_horizontal(pl.exclude("end_ns").is_not_null())
    return targets, targets.select(own.alias("known")).to_series()


def _beside(outcomes: pl.DataFrame, targets: pl.DataFrame) -> pl.DataFrame:
    """Put the targets beside the labels; a row ends when all of them were known."""
    ends = pl.DataFrame([outcomes["end_ns"], targets["end_ns"].alias("other")])
    return outcomes.with_columns(end_ns=ends.max_horizontal()).hstack(
        targets.drop("end_ns")
    )


@dataclass(frozen=True, eq=False, slots=True)
class Rows:
    """Rows of a dataset before they are cut into folds.

    Parameters
    ----------
    frames : mapping of str to polars.DataFrame
        Name to frame, as in `Dataset`; outcome_labels has no fold yet. Empty where no
        decision became a row.
    left_out : mapping of str to int
        Decisions that are no rows, by reason.
    """

    frames: Mapping[str, pl.DataFrame]
    left_out: Mapping[str, int]


def rows_of(sources: Sources, recipe: Recipe) -> Rows:
    """Make the rows; each is a function of its own decision and of the market.

    (Except where the targets of the dataset's type compare decisions of one time.)

    Parameters
    ----------
    sources : Sources
        Frames.
    recipe : Recipe
        Rules; the splitter is not looked at.

    Raises
    ------
    InputError
        The dataset's type lacks what its targets are made of.
    """
    kind = kind_of(recipe.inputs.dataset_type)
    decisions, labels, left_out = _labelled(sources)
    # One time for joins, labels and purge: the one from which the label counts.
    at = decisions.with_columns(received_ns=labels["decision_ns"])
    names = [name for name in sources.features.columns if name not in _KEYS]
    vectors = as_of(at, sources.features, columns=names)
    known = vectors["known_ns"].is_not_null()
    left_out["no feature known"] = int((~known).sum())
    decisions, at, labels, vectors = (
        frame.filter(known) for frame in (decisions, at, labels, vectors)
    )
    if decisions.is_empty():
        return Rows({}, left_out)
    facts = sources.state
    if facts is None:
        facts = market_state(sources.bars, recipe.state)
    state = as_of(at, facts, columns=STATE_COLUMNS)
    targets, known = _targets(sources, labels, state, kind)
    if not known.all():
        left_out["no target known"] = int((~known).sum())
        decisions, at, labels, vectors, state, targets = (
            frame.filter(known)
            for frame in (decisions, at, labels, vectors, state, targets)
        )
        if decisions.is_empty():
            return Rows({}, left_out)
    outcomes = outcome_labels(
        decisions,
        labels,
        state["volatility_level"],
        fills=sources.fills,
        interval_ns=sources.interval_ns,
        execution=Execution(
            bars=sources.bars,
            quotes=sources.quotes,
            orders=sources.orders,
            costs=sources.costs,
        ),
    )
    technical = [n for n in names if recipe.categories.get(n) == "technical"]
    market = market_context(
        at,
        state,
        vectors,
        technical=technical,
        series=sources.series,
        rule=recipe.regime,
    )
    frames = {
        "decision_context": decision_context(decisions),
        "market_context": market,
        "execution_context": execution_context(decisions, state),
        "feature_vectors": vectors.drop("decision_ns"),
        "outcome_labels": _beside(outcomes, targets),
    }
    return Rows(frames, left_out)


def with_fold(outcomes: pl.DataFrame, fold: NDArray[np.int8]) -> pl.DataFrame:
    """Put the number of the fold behind the times of each row.

    Parameters
    ----------
    outcomes : polars.DataFrame of shape (n_rows, any)
        outcome_labels of `rows_of`.
    fold : ndarray of int8, shape (n_rows,)
        From `fold_of`.
    """
    numbers = pl.Series("fold", fold, dtype=pl.Int8)
    return outcomes.clone().insert_column(_FOLD_AT, numbers)


def assemble(sources: Sources, recipe: Recipe) -> Dataset:
    """Make the dataset; a function of its arguments and of nothing else.

    Parameters
    ----------
    sources : Sources
        Frames.
    recipe : Recipe
        Rules.

    Returns
    -------
    Dataset
        ``left_out`` counts the decisions that are no rows: those not labelled, those
        before any feature of their instrument was known, and those without a target
        where the dataset's type asks for one.

    Raises
    ------
    InputError
        No row is left, a fold keeps too few, or the dataset's type lacks what its
        targets are made of.
    """
    rows = rows_of(sources, recipe)
    if not rows.frames:
        raise InputError(
            f"No decision became a row: {rows.left_out}.",
            way_out="Give market data that begins before and ends after the decisions.",
            source="decisions",
        )
    outcomes = rows.frames["outcome_labels"]
    splits = list(recipe.splitter.split(outcomes["decision_ns"], outcomes["end_ns"]))
    fold = fold_of(outcomes.height, splits)
    frames = {**rows.frames, "outcome_labels": with_fold(outcomes, fold)}
    return Dataset(
        dataset_type=recipe.inputs.dataset_type,
        version=recipe.inputs.version,
        manifest=recipe.inputs.manifest,
        left_out=rows.left_out,
        **frames,
    )
