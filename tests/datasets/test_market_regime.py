"""The regime in the market context is that of the features, as of the decision."""

import polars as pl
import pytest

from tradeloop.capture import read_market
from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR
from tradeloop.datasets import STATE_COLUMNS, as_of, market_context, market_state
from tradeloop.datasets import assemble as make
from tradeloop.events import DECISION, MarketRegime
from tradeloop.features import RegimeRule, compute, default_bank, regime
from tradeloop.features.regime import NEEDED

BANK = default_bank(NS_PER_HOUR, has_quotes=False)


@pytest.fixture(scope="module")
def features(world):
    return compute(BANK, world.bars)


def by_hand(decisions, features):
    """Regime of the last row of the instrument that was known at each decision."""
    named = features.with_columns(regime(features))
    found = []
    for decision in decisions.iter_rows(named=True):
        known = named.filter(
            (pl.col("instrument") == decision["instrument"])
            & (pl.col("received_ns") <= decision["received_ns"])
        )
        found.append(known["market_regime"][-1] if known.height else None)
    return found


def context_of(decisions, bars, features, **more):
    names = [n for n in features.columns if n in BANK.names]
    return market_context(
        decisions,
        as_of(decisions, market_state(bars), columns=STATE_COLUMNS),
        as_of(decisions, features, columns=names),
        technical=more.pop("technical", ()),
        series=None,
        **more,
    )


def test_regime_is_that_of_the_last_features_known_at_the_decision(world, features):
    found = make(world.sources(features), world.recipe())
    expected = by_hand(found.decision_context, features)
    assert found.market_context["market_regime"].to_list() == expected
    assert len(set(expected)) >= 4
    assert None in expected


def test_thresholds_are_those_of_the_recipe(world, features):
    def regimes(**rule):
        recipe = world.recipe(regime=RegimeRule(crisis_fall=99.0, **rule))
        return set(
            make(world.sources(features), recipe).market_context["market_regime"]
        )

    assert regimes(high_ratio=0.0) == {None, "HIGH_VOLATILITY"}
    assert regimes(high_ratio=99.0, trend_adx=101.0, low_ratio=0.0) == {
        None,
        "SIDEWAYS",
    }


@pytest.mark.parametrize("absent", NEEDED)
def test_regime_is_null_where_the_bank_lacks_a_feature_it_needs(
    world, features, absent
):
    context = context_of(world.decisions, world.bars, features.drop(absent))
    assert context["market_regime"].null_count() == world.decisions.height
    assert context.schema["market_regime"] == pl.String


def test_small_bank_of_ones_own_leaves_the_regime_null(dataset):
    assert dataset.market_context["market_regime"].null_count() == dataset.sample_count


def test_row_is_known_when_the_features_of_its_regime_are(world, features):
    # Known ten minutes after the bars, and so after the state that bars alone give.
    late = features.with_columns(pl.col("received_ns") + 600 * 10**9)
    known = as_of(world.decisions, late, columns=[])["known_ns"]
    state = as_of(world.decisions, market_state(world.bars), columns=[])["known_ns"]
    judged = context_of(world.decisions, world.bars, late)
    assert judged["known_ns"].equals(
        pl.DataFrame([known.alias("a"), state.alias("b")])
        .max_horizontal()
        .alias("known_ns")
    )
    assert not judged["known_ns"].equals(state)
    unjudged = context_of(world.decisions, world.bars, late.drop(NEEDED[0]))
    assert unjudged["known_ns"].equals(state)


@pytest.mark.realdata
def test_every_regime_occurs_in_the_context_of_real_days(market_data):
    market = read_market([market_data / "equity" / "bars_1d_index.parquet"])
    features = compute(default_bank(NS_PER_DAY, has_quotes=False), market.bars)
    decisions = DECISION.conform(
        market.bars.gather_every(5).with_columns(
            decision_id=pl.format("{}-{}", "instrument", "event_ns"),
            strategy=pl.lit("every fifth"),
            side=pl.lit(1),
            event_ns=pl.col("received_ns") + 1,
            received_ns=pl.col("received_ns") + 1,
        )
    )
    found = context_of(decisions, market.bars, features)["market_regime"]
    assert set(found.drop_nulls()) == {each.value for each in MarketRegime}
    some = slice(0, None, 97)
    assert found[some].to_list() == by_hand(decisions[some], features)
