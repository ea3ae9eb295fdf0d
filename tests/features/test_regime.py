"""The regime of a market: each rule fires where it should, from the past alone."""

import polars as pl
import pytest

from reference.market import DAY_NS, bars_frame
from tradeloop.capture import read_market
from tradeloop.errors import InputError
from tradeloop.events import MarketRegime
from tradeloop.features import RegimeRule, compute, default_bank, regime
from tradeloop.features.regime import NEEDED

CALM = {
    "adx_14_adx": 10.0,
    "adx_14_plus_di": 20.0,
    "adx_14_minus_di": 30.0,
    "volatility_ratio_10_60": 1.0,
    "drawdown_60_bps": -100.0,
    "realised_volatility_60_bps": 100.0,
}
CRASH = {"drawdown_60_bps": -2000.0, "volatility_ratio_10_60": 1.3}


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({}, "SIDEWAYS"),
        ({"volatility_ratio_10_60": 0.6}, "LOW_VOLATILITY"),
        ({"volatility_ratio_10_60": 1.4}, "HIGH_VOLATILITY"),
        ({"adx_14_adx": 25.0}, "TRENDING_DOWN"),
        ({"adx_14_adx": 25.0, "adx_14_plus_di": 31.0}, "TRENDING_UP"),
        (CRASH, "CRISIS"),
        ({**CRASH, "volatility_ratio_10_60": 1.2}, "SIDEWAYS"),
        ({"adx_14_adx": None}, None),
    ],
)
def test_rule_fires_on_its_own_features(change, wanted):
    row = pl.DataFrame([{**CALM, **change}], schema=dict.fromkeys(CALM, pl.Float64))
    assert regime(row).to_list() == [wanted]


def test_threshold_can_be_moved():
    row = pl.DataFrame([CALM])
    assert regime(row, RegimeRule(low_ratio=1.0)).to_list() == ["LOW_VOLATILITY"]


def test_rewriting_the_future_changes_no_regime_before_it():
    bank = default_bank(DAY_NS, has_quotes=False)
    assert set(NEEDED) <= set(bank.names)
    bars = bars_frame(5, [400])
    whole = regime(compute(bank, bars))
    assert set(whole.drop_nulls()) <= {name.value for name in MarketRegime}
    assert whole.drop_nulls().n_unique() >= 4
    assert whole[:250].equals(regime(compute(bank, bars.head(250))))


@pytest.mark.realdata
def test_every_regime_occurs_on_each_index_of_real_days(market_data):
    market = read_market([market_data / "equity" / "bars_1d_index.parquet"])
    features = compute(default_bank(DAY_NS, has_quotes=False), market.bars)
    found = features.select("instrument", regime(features)).drop_nulls().unique()
    for index in ("SP500.US", "NASDAQ_COMP.US", "SPY.US", "VIX.US"):
        names = found.filter(instrument=index)["market_regime"]
        assert set(names) == {each.value for each in MarketRegime}, index


def test_thresholds_as_a_mapping_make_the_rule_again():
    rule = RegimeRule(crisis_fall=2.0, trend_adx=30.0)
    assert RegimeRule(**rule.as_mapping()) == rule


def test_absent_feature_is_named():
    with pytest.raises(InputError, match="column 'adx_14_adx'"):
        regime(pl.DataFrame([CALM]).drop("adx_14_adx"))
