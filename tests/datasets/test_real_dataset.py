"""The floors below, together, on real bars."""

from dataclasses import asdict

import polars as pl
import pytest

from tradeloop.clock import NS_PER_HOUR
from tradeloop.datasets import (
    DatasetInputs,
    Fitted,
    PurgedWalkForward,
    Recipe,
    Sources,
    StateRule,
    assemble,
    certify,
    feature_schema,
    frame_hash,
    label_schema,
)
from tradeloop.events import BAR, DECISION
from tradeloop.features import compute, default_bank
from tradeloop.labels import LabelPlan, label

HORIZONS_NS = (6 * NS_PER_HOUR, 24 * NS_PER_HOUR)


def hourly(market_data):
    start = pl.col("ts").cast(pl.Int64)
    raw = pl.scan_parquet(market_data / "fx" / "bars_1h.parquet")
    chosen = raw.filter(pl.col("symbol").is_in(["AUDJPY", "USDCHF"])).with_columns(
        instrument=pl.col("symbol"),
        open_ns=start,
        event_ns=start + NS_PER_HOUR,
        received_ns=start + NS_PER_HOUR,
    )
    bars = BAR.conform(chosen.collect()).sort("instrument", "event_ns")
    return bars.filter(pl.int_range(pl.len()).over("instrument") < 3_000)


def every_sixth(bars):
    number = pl.int_range(pl.len()).over("instrument")
    return DECISION.conform(
        bars.filter((number > 400) & (number % 6 == 0)).with_columns(
            decision_id=pl.format("{}-{}", "instrument", "event_ns"),
            strategy=pl.lit("every sixth"),
            side=pl.when(pl.col("close") > pl.col("open")).then(1).otherwise(-1),
            event_ns="received_ns",
        )
    )


@pytest.mark.realdata
def test_a_dataset_of_real_bars_features_and_labels_is_certified(market_data):
    bars = hourly(market_data)
    bank = default_bank(NS_PER_HOUR, has_quotes=False)
    features, decisions = compute(bank, bars), every_sixth(bars)
    labels = label(decisions, bars, horizons_ns=HORIZONS_NS)
    splitter = PurgedWalkForward(folds=4, embargo_ns=NS_PER_HOUR)
    inputs = DatasetInputs(
        dataset_type="SIGNAL_GENERATION",
        slices={"bars": frame_hash(bars), "decisions": frame_hash(decisions)},
        feature_fingerprint=bank.fingerprint,
        label_rules={"horizons_ns": LabelPlan(HORIZONS_NS).horizons_ns},
        split=splitter.as_mapping(),
        as_of_ns=int(bars["received_ns"].max()),
        seed=0,
        rules=StateRule().as_mapping(),
    )
    sources = Sources(decisions, bars, features, labels, NS_PER_HOUR)
    catalogue = [asdict(entry) for entry in bank.catalogue()]
    categories = {entry["name"]: entry["category"] for entry in catalogue}
    dataset = assemble(sources, Recipe(inputs, splitter, categories))
    splits = list(splitter.split(dataset.decision_ns, dataset.end_ns))
    certificate = certify(
        dataset,
        splits,
        bars,
        lambda cut: compute(bank, cut),
        fitted=[Fitted("model", k, train) for k, (train, _) in enumerate(splits)],
    )
    assert certificate.passed, certificate.failed
    assert dataset.sample_count > 800
    assert dataset.market_context["technical_indicators"].null_count() == 0
    assert dataset.market_context["market_regime"].null_count() == 0
    assert dataset.outcome_labels["timing_quality"].is_between(0, 1).all()
    names = feature_schema(dataset, catalogue)["feature_definitions"]
    assert [entry["name"] for entry in names] == list(bank.names)
    meant = label_schema(dataset, inputs.label_rules)["label_definitions"]
    assert {"return_6h", "return_1d", "max_loss_1d"} <= set(meant)
