"""From decisions, market and labels to a dataset.

1. Only labelled decisions with a known feature row become rows; the rest is counted.
2. Rows stand in the order of the decisions: time, then id.
3. Features and market state are joined as of each decision.
4. Labels are named as in the contract; folds are cut by their intervals.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from tradeloop.datasets.asof import as_of
from tradeloop.datasets.contexts import (
    decision_context,
    execution_context,
    market_context,
)
from tradeloop.datasets.dataset import Dataset
from tradeloop.datasets.folds import fold_of
from tradeloop.datasets.market_state import STATE_COLUMNS, StateRule, market_state
from tradeloop.datasets.outcomes import outcome_labels
from tradeloop.datasets.splits import Splitter
from tradeloop.datasets.version import DatasetInputs
from tradeloop.errors import InputError
from tradeloop.events import DecisionState
from tradeloop.features import RegimeRule

_KEYS = ("instrument", "event_ns", "received_ns")


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
    """

    decisions: pl.DataFrame
    bars: pl.DataFrame
    features: pl.DataFrame
    labels: pl.DataFrame
    interval_ns: int
    series: pl.DataFrame | None = None
    fills: pl.DataFrame | None = None


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
        ``left_out`` counts the decisions that are no rows: those not labelled, and
        those before any feature of their instrument was known.

    Raises
    ------
    InputError
        No row is left, or a fold keeps too few.
    """
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
        raise InputError(
            f"No decision became a row: {left_out}.",
            way_out="Give market data that begins before and ends after the decisions.",
            source="decisions",
        )
    facts = market_state(sources.bars, recipe.state)
    state = as_of(at, facts, columns=STATE_COLUMNS)
    outcomes = outcome_labels(
        decisions,
        labels,
        state["volatility_level"],
        fills=sources.fills,
        interval_ns=sources.interval_ns,
    )
    splits = list(recipe.splitter.split(outcomes["decision_ns"], outcomes["end_ns"]))
    fold = pl.Series("fold", fold_of(outcomes.height, splits), dtype=pl.Int8)
    technical = [n for n in names if recipe.categories.get(n) == "technical"]
    return Dataset(
        dataset_type=recipe.inputs.dataset_type,
        version=recipe.inputs.version,
        manifest=recipe.inputs.manifest,
        decision_context=decision_context(decisions),
        market_context=market_context(
            at,
            state,
            vectors,
            technical=technical,
            series=sources.series,
            rule=recipe.regime,
        ),
        execution_context=execution_context(decisions, state),
        feature_vectors=vectors.drop("decision_ns"),
        outcome_labels=outcomes.insert_column(3, fold),
        left_out=left_out,
    )
