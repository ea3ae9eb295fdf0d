"""Decisions, features and labels to a dataset, certified and kept in the lake."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from tradeloop.capture import Market
from tradeloop.datasets import (
    Certificate,
    Dataset,
    DatasetInputs,
    Findings,
    Fitted,
    Occasion,
    PurgedWalkForward,
    Recipe,
    Sampling,
    Sources,
    Splitter,
    StateRule,
    Undivided,
    assemble,
    card,
    certify,
    dataset_folder,
    day_files,
    frame_hash,
    metadata,
)
from tradeloop.errors import NotFoundError
from tradeloop.events import DatasetType, duration_text
from tradeloop.features import Bank, RegimeRule
from tradeloop.pipelines.announce import announce_dataset
from tradeloop.pipelines.featurize import featurize, with_series
from tradeloop.pipelines.label import last_received_ns
from tradeloop.pipelines.rules import Rules
from tradeloop.pipelines.workspace import Workspace
from tradeloop.stores import (
    DatasetRecord,
    FeatureDefinition,
    LabelingRule,
    QualityRecord,
)

TYPE = DatasetType.SIGNAL_GENERATION
_FEW_ROWS, _LEAST_ROWS = 1_000, 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
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
    """

    bank: Bank
    features: pl.DataFrame
    decisions: pl.DataFrame
    labels: pl.DataFrame
    horizons_ns: tuple[int, ...]
    series: pl.DataFrame | None = None
    fills: pl.DataFrame | None = None
    benchmark: str | None = None


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
        inputs=_inputs(market, material, splitter, rules),
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


def _inputs(
    market: Market,
    material: Material,
    splitter: Splitter,
    rules: Rules,
) -> DatasetInputs:
    frames = {
        "bars": market.bars,
        "quotes": market.quotes,
        "decisions": material.decisions,
        "series": material.series,
        "fills": material.fills,
    }
    slices = {
        name: frame_hash(frame)
        for name, frame in frames.items()
        if frame is not None and not frame.is_empty()
    }
    known_ns = max(last_received_ns(market.bars), last_received_ns(market.quotes))
    return DatasetInputs(
        dataset_type=TYPE.value,
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


@dataclass(frozen=True, slots=True)
class Written:
    """Where a dataset lies.

    Parameters
    ----------
    dataset_id, version : str
        Its names.
    path, card : Path
        Folder and card.
    files : int
        Files of the version.
    """

    dataset_id: str
    version: str
    path: Path
    card: Path
    files: int


def dataset_id_of(dataset: Dataset) -> str:
    """Name within the tenant: type and the first 16 digits of the version."""
    return f"{dataset.dataset_type.lower()}-{dataset.version[:16]}"


def write_dataset(
    workspace: Workspace,
    dataset: Dataset,
    findings: Findings,
    *,
    bank: Bank,
) -> Written:
    """Put the dataset into the lake and register it, with its report, in the catalog.

    A version that is there already is left as it is.
    """
    principal = workspace.principal
    folder = dataset_folder(principal.tenant, dataset.dataset_type, dataset.version)
    root = str(folder.relative_to(principal.tenant))
    now_ns = _created_ns(workspace, root)
    occasion = Occasion(dataset_id_of(dataset), now_ns, str(folder))
    described = metadata(dataset, occasion, findings)
    manifest = workspace.lake.write_dataset(
        principal,
        root,
        day_files(dataset),
        {"metadata.json": _json(described), "README.md": card(described)},
    )
    workspace.catalog.define_features(
        principal, definitions(bank), workspace.audit("define", "features")
    )
    _register(workspace, dataset, described, findings, now_ns)
    kept = workspace.lake.read_text(principal, root, "metadata.json")
    announce_dataset(workspace, json.loads(kept), now_ns)
    path = workspace.places.lake / folder
    return Written(
        occasion.dataset_id,
        dataset.version,
        path,
        path / "README.md",
        len(manifest.files),
    )


def _created_ns(workspace: Workspace, root: str) -> int:
    """When this version was made, to the microsecond: the first time counts."""
    try:
        text = workspace.lake.read_text(workspace.principal, root, "metadata.json")
    except NotFoundError:
        return workspace.clock.now_ns() // 1_000 * 1_000
    created = datetime.fromisoformat(json.loads(text)["creation_timestamp"])
    return (created - _EPOCH) // timedelta(microseconds=1) * 1_000


def _json(value: object) -> str:
    return json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n"


def definitions(bank: Bank) -> list[FeatureDefinition]:
    """List what the published columns of a bank mean, for the catalog."""
    return [
        FeatureDefinition(
            feature_name=entry.name,
            feature_type="float64",
            feature_category=entry.category,
            calculation_method=entry.formula,
            data_sources=tuple(entry.inputs),
        )
        for entry in bank.catalogue()
    ]


def _register(
    workspace: Workspace,
    dataset: Dataset,
    described: Mapping[str, Any],
    findings: Findings,
    now_ns: int,
) -> None:
    rule = LabelingRule(
        rule_name="outcome",
        rule_type="outperformance_bps",
        criteria=described["label_schema"]["labeling_criteria"],
        thresholds=described["inputs"]["label_rules"]["outcome"],
    )
    workspace.catalog.define_rules(
        workspace.principal, [rule], workspace.audit("define", "labelling rules")
    )
    record = DatasetRecord(
        dataset_id=described["dataset_id"],
        dataset_type=TYPE,
        creation_ns=now_ns,
        sample_count=dataset.sample_count,
        feature_count=dataset.feature_count,
        label_distribution=dataset.label_distribution,
        quality_score=described["quality_score"],
        storage_location=described["storage_location"],
        feature_schema=described["feature_schema"],
        label_schema=described["label_schema"],
    )
    report = QualityRecord(
        dataset_id=record.dataset_id,
        report_ns=now_ns,
        quality_metrics=findings.quality,
        validation_results=findings.certificate.as_mapping(),
        data_lineage=described["inputs"],
    )
    workspace.catalog.register_dataset(
        workspace.principal,
        record,
        workspace.audit("register", record.dataset_id, rows=record.sample_count),
        report=report,
    )
