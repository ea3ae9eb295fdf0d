"""The row of one decision, from what it has seen; with a label also as a dataset."""

from dataclasses import dataclass, replace

import polars as pl

from tradeloop.capture import Market
from tradeloop.datasets import (
    STATE_COLUMNS,
    Certificate,
    Dataset,
    DatasetInputs,
    Findings,
    Undivided,
    as_of,
    assemble,
    decision_context,
    execution_context,
    feature_schema,
    label_schema,
    market_context,
    outcome_labels,
)
from tradeloop.events import DecisionState
from tradeloop.pipelines.assemble import (
    Material,
    certify_dataset,
    inputs_of,
    label_rules,
    recipe_with,
    sources_of,
)
from tradeloop.pipelines.collect_certificate import certify_row
from tradeloop.pipelines.collect_market import MarketState
from tradeloop.pipelines.collected import Seen
from tradeloop.pipelines.rules import Rules
from tradeloop.quality import QualityReport, measure


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """Contexts, features and outcome of one decision.

    Parameters
    ----------
    decision, market, execution, vector, outcome : polars.DataFrame of one row
        As in a dataset.
    dataset : Dataset, optional
        The same as a dataset; None where the decision has no label or no features.
    """

    decision: pl.DataFrame
    market: pl.DataFrame
    execution: pl.DataFrame
    vector: pl.DataFrame
    outcome: pl.DataFrame
    dataset: Dataset | None


def framed(
    market: MarketState, seen: Seen, material: Material, rules: Rules, *, keep: bool
) -> Frames:
    """Make the frames of one decision.

    Parameters
    ----------
    market : MarketState
        Where it was decided.
    seen : Seen
        What the decision needs of it.
    material : Material
        The decision, its label and its fills.
    rules : Rules
        How it is graded.
    keep : bool
        Whether the dataset is wanted under its version; else that is not made.
    """
    labelled = material.labels["state"][0] == DecisionState.LABELLED.value
    if not (labelled and seen.row >= 0):
        return _without_label(market, seen, material)
    # Bars are looked at for the version, and for what fills could have had.
    needed = keep or (material.fills is not None and material.fills.height > 0)
    near = _near(market, seen) if needed else _nothing(market)
    known = replace(material, series=seen.series)
    sources = replace(sources_of(near, known, rules), state=seen.state)
    inputs = _inputs(market, near, material, rules, keep=keep)
    recipe = recipe_with(inputs, Undivided(), material)
    dataset = assemble(sources, recipe)
    return Frames(
        decision=dataset.decision_context,
        market=dataset.market_context,
        execution=dataset.execution_context,
        vector=dataset.feature_vectors,
        outcome=dataset.outcome_labels.drop("fold"),
        dataset=dataset if keep else None,
    )


def _near(market: MarketState, seen: Seen) -> Market:
    return market.near(seen.instrument, seen.from_ns, seen.until_ns)


def _nothing(market: MarketState) -> Market:
    """Give a market without rows, for frames that look at none."""
    whole = market.captured.market
    return replace(whole, bars=whole.bars.clear(), quotes=whole.quotes.clear())


def _inputs(
    market: MarketState, near: Market, material: Material, rules: Rules, *, keep: bool
) -> DatasetInputs:
    """Hash what the row is a function of; the series only once for all rows."""
    bare = replace(material, series=None)
    made = inputs_of(near, bare, Undivided(), rules)
    sha = market.series_sha
    slices = made.slices if sha is None else {**made.slices, "series": sha}
    return replace(made, slices=slices) if keep else made


def _without_label(market: MarketState, seen: Seen, material: Material) -> Frames:
    decision = material.decisions
    vector = as_of(decision, material.features, columns=list(market.bank.names))
    state = as_of(decision, seen.state, columns=STATE_COLUMNS)
    technical = [n for n, kind in market.categories.items() if kind == "technical"]
    outcome = material.labels
    if outcome["state"][0] == DecisionState.LABELLED.value:
        outcome = outcome_labels(
            decision,
            outcome,
            state["volatility_level"],
            fills=material.fills,
            interval_ns=market.captured.market.interval_ns,
        )
    return Frames(
        decision=decision_context(decision),
        market=market_context(
            decision, state, vector, technical=technical, series=seen.series
        ),
        execution=execution_context(decision, state),
        vector=vector,
        outcome=outcome,
        dataset=None,
    )


def quality_of(
    market: MarketState, seen: Seen, decision: pl.DataFrame
) -> QualityReport:
    """Report on the bars that the row rests on, and on the decision.

    Without a look-back these are all bars of the instrument that were captured, the
    same for all decisions on it.
    """
    lane, trail = market.lane(seen.instrument), seen.trail
    if seen.whole and lane.quality is not None:
        newest = lane.bars.head(seen.row + 1).tail(1)
        return lane.quality.of(decision, newest)
    rows = trail.bars.height if seen.whole else seen.rows
    return measure(
        bars=trail.bars.select(lane.bars.columns).head(rows),
        interval_ns=market.captured.market.interval_ns,
        decisions=decision,
        features=trail.features.head(rows),
    )


def findings(
    market: MarketState,
    seen: Seen,
    material: Material,
    made: tuple[Dataset, QualityReport],
    rules: Rules,
) -> Findings:
    """Say what is to be said of a stored row: leaks, columns, quality."""
    dataset, quality = made
    return Findings(
        certificate=_certificate(market, seen, material, dataset, rules.model.seed),
        feature_schema=feature_schema(dataset, market.catalogue),
        label_schema=label_schema(dataset, label_rules(material, rules)),
        quality=quality.as_mapping(),
    )


def _certificate(
    market: MarketState, seen: Seen, material: Material, dataset: Dataset, seed: int
) -> Certificate:
    if seen.trail.in_order:
        return certify_row(dataset, seen, material.fills, seed=seed)
    # A late bar: what was known has to be sorted out on all of history.
    near = _near(market, seen)
    return certify_dataset(dataset, Undivided(), near, material, (), seed=seed)
