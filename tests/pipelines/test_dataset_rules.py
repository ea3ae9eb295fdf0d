"""Rules that shape a row of a dataset are in its version."""

import json

import polars as pl
import pytest

from reference.market import DAY_NS, bars_frame
from tradeloop.capture import Market
from tradeloop.datasets import StateRule, Undivided
from tradeloop.events import BAR, DECISION, QUOTE, TRADE
from tradeloop.features import RegimeRule, bank_for
from tradeloop.pipelines import assemble as pipeline
from tradeloop.pipelines.featurize import featurize
from tradeloop.pipelines.label import label_decisions
from tradeloop.pipelines.rules import Rules


@pytest.fixture(scope="module")
def given():
    bars = BAR.conform(bars_frame(5, [300]))
    bank = bank_for(bars, DAY_NS)
    decisions = DECISION.conform(
        bars.gather_every(3).with_columns(
            decision_id=pl.format("d{}", "event_ns"),
            strategy=pl.lit("every third"),
            side=pl.lit(1),
        )
    )
    labels = label_decisions(
        decisions,
        bars,
        QUOTE.empty(),
        horizons_ns=(5 * DAY_NS,),
        benchmark=None,
        rules=Rules(),
    )
    market = Market(bars, QUOTE.empty(), TRADE.empty(), DAY_NS, ())
    material = pipeline.Material(
        bank, featurize(bank, bars), decisions, labels, (5 * DAY_NS,)
    )
    return market, material


def dataset_of(given):
    return pipeline.assemble_dataset(*given, Undivided(), Rules())


def test_rules_of_state_and_regime_are_among_the_inputs(given):
    assert json.loads(dataset_of(given).manifest)["rules"] == {
        "market_state": StateRule().as_mapping(),
        "market_regime": RegimeRule().as_mapping(),
    }


def test_another_threshold_of_the_regime_is_another_version(given, monkeypatch):
    plain = dataset_of(given)
    monkeypatch.setattr(pipeline, "_REGIME", RegimeRule(trend_adx=20.0))
    moved = dataset_of(given)
    assert moved.version != plain.version
    regimes = [d.market_context["market_regime"] for d in (plain, moved)]
    assert not regimes[0].equals(regimes[1])
    assert regimes[0].n_unique() >= 4
