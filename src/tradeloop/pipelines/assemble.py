"""Decisions, features and labels to a dataset, and its leak certificate."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from tradeloop.capture import Market
from tradeloop.datasets import (
    Certificate,
    Dataset,
    DatasetInputs,
    Fitted,
    PurgedWalkForward,
    Recipe,
    Sampling,
    Sources,
    Splitter,
    StateRule,
    Undivided,
    assemble,
    certify,
    frame_hash,
)
from tradeloop.errors import InputError
from tradeloop.events import DatasetType, duration_text
from tradeloop.features import Bank, RegimeRule
from tradeloop.pipelines.featurize import featurize, with_series
from tradeloop.pipelines.label import last_received_ns
from tradeloop.pipelines.rules import Rules

_FEW_ROWS, _LEAST_ROWS = 1_000, 20
_STATE, _REGIME = StateRule(), RegimeRule()


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
    recipe = Recipe(
        inputs=inputs_of(market, material, splitter, rules),
        splitter=splitter,
        categories={e.name: e.category for e in material.bank.catalogue()},
        state=_STATE,
        regime=_REGIME,
    )
    sources = Sources(
        decisions=material.decisions,
        bars=market.bars,
        features=material.features,
        labels=material.labels,
        interval_ns=market.interval_ns,
        series=material.series,
        fills=material.fills,
    )
    return assemble(sources, recipe)


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
        "fills": material.fills.sort("fill_id") if material.fills is not None else None,
    }
    slices = {
        name: frame_hash(frame)
        for name, frame in frames.items()
        if frame is not None and not frame.is_empty()
    }
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
            "market_state": _STATE.as_mapping(),
            "market_regime": _REGIME.as_mapping(),
        },
    )


def label_rules(material: Material, rules: Rules) -> dict[str, object]:
    """Everything that shapes a label, as plain data."""
    return {
        "horizons": [duration_text(ns) for ns in material.horizons_ns],
        "benchmark": material.benchmark or "cash",
        "outcome": rules.outcome.as_mapping(),
        "costs": rules.costs.as_mapping(),
        "wait": duration_text(rules.wait_ns),
    }


def certify_dataset(
    dataset: Dataset,
    splitter: Splitter,
    market: Market,
    material: Material,
    fitted: Sequence[Fitted],
    *,
    seed: int,
) -> Certificate:
    """Check the dataset for leaks, trusting neither it nor what made it."""

    def recompute(bars: pl.DataFrame) -> pl.DataFrame:
        return featurize(material.bank, with_series(bars, material.series))

    splits = list(splitter.split(dataset.decision_ns, dataset.end_ns))
    return certify(
        dataset,
        splits,
        market.bars,
        recompute,
        fitted=fitted,
        sampling=Sampling(seed=seed),
    )
