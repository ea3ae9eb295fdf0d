"""Decisions, features and labels to a dataset, and its leak certificate."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

import polars as pl

from tradeloop.capture import Market
from tradeloop.clock import NS_PER_DAY
from tradeloop.datasets import (
    Certificate,
    Dataset,
    DatasetInputs,
    Evidence,
    Fitted,
    PurgedWalkForward,
    Recipe,
    Sampling,
    Schedule,
    Sources,
    Splitter,
    StateRule,
    Undivided,
    assemble,
    certify,
    frame_hash,
    kind_of,
)
from tradeloop.datasets.intervals import Split
from tradeloop.errors import InputError
from tradeloop.events import FILL, DatasetType, DecisionState, duration_text
from tradeloop.features import Bank, RegimeRule
from tradeloop.labels.certainty import CertaintyRule
from tradeloop.labels.execution import execution_truth
from tradeloop.pipelines.featurize import featurize, with_series
from tradeloop.pipelines.label import label_decisions, last_received_ns
from tradeloop.pipelines.rules import Rules

_FEW_ROWS, _LEAST_ROWS = 1_000, 20
STATE, _REGIME = StateRule(), RegimeRule()
OBSERVED = (DatasetType.MARKET_PREDICTION, DatasetType.PORTFOLIO_OPTIMIZATION)
"""Types whose rows are observations of the market: nobody decided anything."""


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What a dataset is made of, beside the market.

    Parameters
    ----------
    bank : Bank
        Features.
    features, decisions, labels : polars.DataFrame
        Of all bars; of the decisions with a market.
    series, fills : polars.DataFrame, optional
        What was released outside of the market; what was traded.
    horizons_ns : tuple of int
        Horizons of the labels.
    benchmark : str, optional
        Instrument that was subtracted.
    dataset_type : DatasetType
        What the dataset teaches.
    orders : polars.DataFrame, optional
        What became of the orders of the decisions.
    """

    bank: Bank
    features: pl.DataFrame
    decisions: pl.DataFrame
    labels: pl.DataFrame
    horizons_ns: tuple[int, ...]
    series: pl.DataFrame | None = None
    fills: pl.DataFrame | None = None
    benchmark: str | None = None
    dataset_type: DatasetType = DatasetType.SIGNAL_GENERATION
    orders: pl.DataFrame | None = None


def splitter_for(n_labelled: int, horizon_ns: int, rules: Rules) -> Splitter:
    """Choose the split: walk-forward, or none where there are too few rows to test."""
    if n_labelled < rules.model.minimum_rows:
        return Undivided()
    # Few rows: half of them train from the start, or the first fold learns nothing.
    few = n_labelled < _FEW_ROWS
    return PurgedWalkForward(
        folds=rules.model.folds,
        embargo_ns=rules.model.embargo_ns(horizon_ns),
        min_train_share=0.5 if few else 0.3,
        min_rows=_LEAST_ROWS,
    )


def assemble_dataset(
    market: Market, material: Material, splitter: Splitter, rules: Rules
) -> Dataset:
    """Make the dataset: a function of its inputs, whose hash is its version.

    Raises
    ------
    InputError
        No decision became a row, or a fold keeps too few.
    """
    inputs = inputs_of(market, material, splitter, rules)
    recipe = recipe_with(inputs, splitter, material)
    return assemble(sources_of(market, material, rules), recipe)


def recipe_with(
    inputs: DatasetInputs, splitter: Splitter, material: Material
) -> Recipe:
    """Put the rules of a dataset together; ``inputs`` are hashed already."""
    return Recipe(
        inputs=inputs,
        splitter=splitter,
        categories={e.name: e.category for e in material.bank.catalogue()},
        state=STATE,
        regime=_REGIME,
    )


def sources_of(market: Market, material: Material, rules: Rules) -> Sources:
    """Put the frames of a dataset together."""
    return Sources(
        decisions=material.decisions,
        bars=market.bars,
        features=material.features,
        labels=material.labels,
        interval_ns=market.interval_ns,
        series=material.series,
        fills=material.fills,
        quotes=market.quotes if market.quotes.height else None,
        orders=material.orders,
        costs=rules.costs,
        execution=_execution(market, material),
    )


def part_of(sources: Sources) -> Sources:
    """Let the sources of some of a dataset's decisions be those of none executed."""
    if sources.execution is None or not sources.execution.is_empty():
        return sources
    # A row of nulls belongs to no decision.
    return replace(sources, execution=sources.execution.clear(1))


def _execution(market: Market, material: Material) -> pl.DataFrame | None:
    """Measure how the decisions were executed, where the dataset teaches that."""
    wanted = material.dataset_type is DatasetType.EXECUTION_OPTIMIZATION
    if not wanted or (material.fills is None and material.orders is None):
        return None
    return execution_truth(
        material.decisions,
        FILL.empty() if material.fills is None else material.fills,
        market.bars,
        market.quotes if market.quotes.height else None,
        material.orders,
        horizons_ns=material.horizons_ns,
        trades=market.trades if market.trades.height else None,
    )


def divided(
    market: Market, material: Material, rules: Rules, left_out: dict[str, str]
) -> tuple[Dataset, Splitter]:
    """Assemble; cut into folds where the rows allow it, else keep the rows and say why.

    Parameters
    ----------
    market, material, rules
        As in `assemble_dataset`.
    left_out : dict of str to str
        Gets the reason, as that of the model: without folds none can be judged.

    Raises
    ------
    InputError
        No decision became a row.
    """
    labelled = int((material.labels["state"] == "labelled").sum())
    splitter = splitter_for(labelled, material.horizons_ns[0], rules)

    def made(by: Splitter) -> Dataset:
        return assemble_dataset(market, material, by, rules)

    return cut(made, splitter, left_out)


def cut(
    made: Callable[[Splitter], Dataset], splitter: Splitter, left_out: dict[str, str]
) -> tuple[Dataset, Splitter]:
    """Make a dataset with folds; without them, and with the reason, where it must be.

    Parameters
    ----------
    made : callable
        From a splitter to the dataset.
    splitter : Splitter
        The one that is wanted.
    left_out : dict of str to str
        Gets the reason.
    """
    try:
        return made(splitter), splitter
    except InputError as error:
        if not splitter.count():
            raise
        left_out["model"] = str(error)
    return made(Undivided()), Undivided()


def inputs_of(
    market: Market, material: Material, splitter: Splitter, rules: Rules
) -> DatasetInputs:
    """Hash what a dataset is a function of."""
    frames = {
        "bars": market.bars,
        "quotes": market.quotes,
        # The order in which decisions and fills came changes no row.
        "decisions": material.decisions.sort("decision_id"),
        "series": material.series,
        "fills": None if material.fills is None else material.fills.sort("fill_id"),
        "orders": _ordered(material.orders),
    }
    slices = {
        name: frame_hash(frame)
        for name, frame in frames.items()
        if frame is not None and not frame.is_empty()
    }
    kind = kind_of(material.dataset_type.value)
    observed = material.dataset_type in OBSERVED
    known_ns = max(last_received_ns(market.bars), last_received_ns(market.quotes))
    return DatasetInputs(
        dataset_type=material.dataset_type.value,
        slices=slices,
        feature_fingerprint=material.bank.fingerprint,
        label_rules=label_rules(material, rules),
        split=splitter.as_mapping(),
        as_of_ns=known_ns,
        seed=rules.model.seed,
        rules={
            "market_state": STATE.as_mapping(),
            "market_regime": _REGIME.as_mapping(),
            **({"targets": dict(kind.rules)} if kind.rules else {}),
            **({"schedule": schedule_of(market).as_mapping()} if observed else {}),
        },
    )


def _ordered(orders: pl.DataFrame | None) -> pl.DataFrame | None:
    return None if orders is None else orders.sort("order_event_id")


def schedule_of(market: Market) -> Schedule:
    """Observe the market at the end of each bar, for the kinds that observe it."""
    stale_ns = max(4 * market.interval_ns, NS_PER_DAY)
    return Schedule(interval_ns=market.interval_ns, stale_ns=stale_ns)


def label_rules(material: Material, rules: Rules) -> dict[str, object]:
    """Everything that shapes a label, as plain data."""
    return {
        "horizons": [duration_text(ns) for ns in material.horizons_ns],
        "benchmark": material.benchmark or "cash",
        "outcome": rules.outcome.as_mapping(),
        "costs": rules.costs.as_mapping(),
        "wait": duration_text(rules.wait_ns),
        "certainty": asdict(CertaintyRule()),
    }


def certify_dataset(
    dataset: Dataset,
    splitter: Splitter,
    market: Market,
    material: Material,
    fitted: Sequence[Fitted],
    *,
    seed: int,
    rules: Rules | None = None,
    splits: Sequence[Split] | None = None,
) -> Certificate:
    """Check the dataset for leaks, trusting neither it nor what made it.

    Without rules the labels are not made again; the certificate says so. Folds are
    those of the splitter, unless others are given: those of a part of a dataset.
    """

    def recompute(bars: pl.DataFrame) -> pl.DataFrame:
        return featurize(material.bank, with_series(bars, material.series))

    if splits is None:
        splits = list(splitter.split(dataset.decision_ns, dataset.end_ns))
    return certify(
        dataset,
        splits,
        market.bars,
        recompute,
        fitted=fitted,
        sampling=Sampling(seed=seed),
        evidence=_evidence(dataset, splitter, market, material, rules),
    )


def _evidence(
    dataset: Dataset,
    splitter: Splitter,
    market: Market,
    material: Material,
    rules: Rules | None,
) -> Evidence:
    """Facts for the checks that the dataset alone cannot pass or fail."""
    rows = dataset.outcome_labels.select("decision_id")
    mine = material.decisions.join(rows, on="decision_id", how="semi")

    def relabel(bars: pl.DataFrame) -> pl.DataFrame:
        labels = label_decisions(
            mine,
            bars,
            market.quotes,
            horizons_ns=material.horizons_ns,
            benchmark=material.benchmark,
            rules=rules or Rules(),
        )
        return labels.filter(pl.col("state") == DecisionState.LABELLED.value)

    # Quotes make the labels where there are any: then bars say nothing about them.
    by_bars = rules is not None and market.quotes.is_empty()
    return Evidence(
        embargo_ns=splitter.as_mapping().get("embargo_ns"),
        relabel=relabel if by_bars else None,
        series=material.series,
        fills=_used_fills(dataset, material.fills),
        quotes=market.quotes if market.quotes.height else None,
    )


def _used_fills(dataset: Dataset, fills: pl.DataFrame | None) -> pl.DataFrame | None:
    """Pick the fills that labels rest on; those under suspicion were left out."""
    if fills is None:
        return None
    good = dataset.outcome_labels.filter(~pl.col("fill_suspect"))
    return fills.join(good, on="decision_id", how="semi", maintain_order="left")
