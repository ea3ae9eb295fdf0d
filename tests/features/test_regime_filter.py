"""Chances of regimes: planted ones are found, live as in history."""

import json

import numpy as np
import polars as pl
import pytest

from reference.market import DAY_NS, bars_frame, random_columns
from reference.regime_filter import filtered
from tradeloop.capture import read_market
from tradeloop.errors import InputError
from tradeloop.events import MarketRegime
from tradeloop.features import Bank, LiveBank, compute, default_bank, regime
from tradeloop.features.checks import Subject, broken, run_history
from tradeloop.features.regime import RegimeModel, fit_regime, usual_model
from tradeloop.features.regime.model import MEASURES, REGIMES
from tradeloop.features.regime.regime_filter import regime_filter
from tradeloop.features.regime.regime_measures import regime_measures
from tradeloop.features.regime.standard import standard

STAY = 0.98
PREFIX = "regime_measures_"


def planted_model(aside=0.25):
    """The usual picture, somewhat moved: what a market of its own would be like."""
    usual, random = usual_model(), np.random.default_rng(5)
    mean = np.array(usual.mean) + random.normal(0, aside, (6, 4)) * np.array(usual.std)
    moves = np.full((6, 6), (1 - STAY) / 5) + np.eye(6) * (STAY - (1 - STAY) / 5)
    return RegimeModel(
        usual.start,
        tuple(map(tuple, moves.tolist())),
        tuple(map(tuple, mean.tolist())),
        tuple(map(tuple, (0.8 * np.array(usual.std)).tolist())),
    )


def drawn(model, seed, rows):
    """Regimes and measures drawn from a model."""
    random = np.random.default_rng(seed)
    states = [0]
    for _ in range(rows - 1):
        states.append(int(random.choice(6, p=model.transition[states[-1]])))
    states = np.array(states)
    mean, std = np.array(model.mean)[states], np.array(model.std)[states]
    return states, random.normal(mean, std)


def frame(measures):
    names = [PREFIX + name for name in MEASURES]
    return pl.DataFrame(measures, schema=names, orient="row")


def chances(model, measures):
    bank = Bank([regime_filter(model, MEASURES)])
    return run_history(bank, np.ascontiguousarray(measures.T)).T


def test_standard_columns_pass_every_law_together():
    assert broken(Subject(Bank(standard())), random_columns(41, 500)) == {}


def test_planted_regimes_are_found_by_a_model_fitted_to_other_rows():
    true = planted_model()
    _, training = drawn(true, 1, 6_000)
    fitted = fit_regime(frame(training), seed=3)
    states, unseen = drawn(true, 2, 4_000)
    found = (chances(fitted, unseen).argmax(1) == states).mean()
    best = (chances(true, unseen).argmax(1) == states).mean()
    by_hand = (chances(usual_model(), unseen).argmax(1) == states).mean()
    assert best > 0.9
    assert found > best - 0.02
    assert found > by_hand
    np.testing.assert_allclose(fitted.mean, true.mean, atol=0.25)
    np.testing.assert_allclose(np.diag(fitted.transition), STAY, atol=0.02)


def test_chances_are_calibrated_where_the_model_is_true():
    true = planted_model()
    states, measures = drawn(true, 4, 20_000)
    found = chances(true, measures)
    hit = np.eye(6)[states]
    for low, high in ((0.02, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1.0)):
        held = (found >= low) & (found < high)
        assert hit[held].mean() == pytest.approx(found[held].mean(), abs=0.03)


def test_chances_are_those_of_bayes_rule_and_sum_to_one():
    model = planted_model()
    _, measures = drawn(model, 6, 300)
    found = chances(model, measures)
    np.testing.assert_allclose(found, filtered(model, measures), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.sum(1), 1.0, atol=1e-12)
    assert (found >= 0.0).all()


def test_regime_persists_where_single_rows_would_flicker():
    model = planted_model()
    states, measures = drawn(model, 7, 5_000)
    memoryless = RegimeModel(model.start, ((1 / 6,) * 6,) * 6, model.mean, model.std)
    turns = {
        name: (np.diff(chances(each, measures).argmax(1)) != 0).sum()
        for name, each in (("chain", model), ("row by row", memoryless))
    }
    true = (np.diff(states) != 0).sum()
    assert turns["chain"] < 2.5 * true < turns["row by row"]


def test_fit_is_the_same_for_the_same_rows_and_seed():
    _, training = drawn(planted_model(), 8, 1_500)
    one, two = (fit_regime(frame(training), seed=9, rounds=5) for _ in range(2))
    assert one == two
    assert fit_regime(frame(training), rounds=5, starts=1, seed=1) == fit_regime(
        frame(training), rounds=5, starts=1, seed=2
    )


def test_instruments_are_sequences_of_their_own():
    rows = [drawn(planted_model(), seed, 400)[1] for seed in (10, 11)]
    both = pl.concat(
        frame(each).with_columns(instrument=pl.lit(name))
        for name, each in zip("AB", rows, strict=True)
    )
    swapped = pl.concat([both.filter(instrument="B"), both.filter(instrument="A")])
    kept = fit_regime(both, rounds=5, starts=1).as_mapping()
    other = fit_regime(swapped, rounds=5, starts=1).as_mapping()
    for name, values in kept.items():
        np.testing.assert_allclose(values, other[name], rtol=1e-6, err_msg=name)
    joined = fit_regime(both.drop("instrument"), rounds=5, starts=1)
    assert joined.as_mapping() != kept


def test_model_survives_json():
    model = fit_regime(frame(drawn(planted_model(), 12, 500)[1]), rounds=2)
    assert RegimeModel.from_mapping(json.loads(json.dumps(model.as_mapping()))) == model


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start": [0.5] * 6}, "start must be chances"),
        ({"start": [1.0, 0, 0, 0, 0, 0]}, "chances above 0"),
        ({"std": [[1.0, 1.0, 1.0, 0.0]] * 6}, "std must be above 0"),
        ({"mean": [[1.0] * 4] * 5}, "mean must be 6 rows of 4"),
        ({"mean": [[float("nan")] * 4] * 6}, "mean must be finite"),
    ],
)
def test_impossible_model_is_refused(change, message):
    with pytest.raises(InputError, match=message):
        RegimeModel.from_mapping(usual_model().as_mapping() | change)


def test_fit_without_measures_is_refused():
    with pytest.raises(InputError, match=f"column '{PREFIX}volatility'"):
        fit_regime(frame(np.zeros((5, 4))).drop(f"{PREFIX}volatility"))
    with pytest.raises(InputError, match="more rows than its long window"):
        fit_regime(frame(np.full((5, 4), np.nan)))
    with pytest.raises(InputError, match="reads 4 measures"):
        regime_filter(usual_model(), ("drift",))


def test_outlier_of_any_size_leaves_chances_that_recover():
    _, measures = drawn(planted_model(), 13, 300)
    hit = measures.copy()
    hit[100] = 1e200, -1e200, 1e200, 0.0
    whole, found = (chances(planted_model(), each) for each in (measures, hit))
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found[160:], whole[160:], atol=1e-6)


def test_live_rows_are_those_of_history():
    model = planted_model()
    bars = bars_frame(14, [400])
    bank = Bank(
        [regime_measures(5, 60), regime_filter(model, regime_measures(5, 60).columns)]
    )
    history = compute(bank, bars).select(bank.names).to_numpy()
    live = LiveBank(bank)
    rows = [live.update("I0", row).copy() for row in bars.iter_rows(named=True)]
    np.testing.assert_array_equal(rows, history)
    assert not np.isnan(history[120:]).any()


# Real markets


def crisis_by_month(bars, names):
    bank = Bank([regime_filter()])
    found = compute(bank, bars).with_columns(
        month=pl.from_epoch(pl.col("event_ns") - 1, "ns").dt.strftime("%Y-%m")
    )
    return found.group_by("instrument", "month").agg(pl.col(names).mean()).drop_nulls()


@pytest.mark.realdata
def test_october_2008_is_a_crisis_on_each_index_and_quiet_years_are_none(market_data):
    market = read_market([market_data / "equity" / "bars_1d_index.parquet"])
    found = crisis_by_month(market.bars, "regime_p_crisis")
    for index in ("SP500.US", "NASDAQ_COMP.US"):
        mine = found.filter(instrument=index)
        october = mine.filter(month="2008-10")["regime_p_crisis"].item()
        assert october > 0.8
        calm = mine.filter(pl.col("month").str.starts_with("2017"))
        assert calm["regime_p_crisis"].max() < 0.05
        assert 0.02 < mine["regime_p_crisis"].mean() < 0.15


@pytest.mark.realdata
def test_march_2020_is_a_crisis_of_twenty_stocks_together(market_data):
    closes = pl.read_parquet(market_data / "equity" / "closes_1d_stocks.parquet")
    moves = closes.sort("symbol", "ts").with_columns(
        pl.col("adj_close").pct_change().over("symbol").alias("move")
    )
    index = moves.group_by("ts").agg(pl.col("move").mean()).sort("ts").drop_nulls()
    close = (1 + index["move"]).cum_prod()
    at_ns = index["ts"].dt.timestamp("ns") + DAY_NS
    bars = pl.DataFrame({"event_ns": at_ns, "received_ns": at_ns, "close": close})
    bars = bars.with_columns(
        pl.lit("MEAN").alias("instrument"), high="close", low="close"
    )
    found = crisis_by_month(bars, "regime_p_crisis")
    for month in ("2008-10", "2020-03"):
        assert found.filter(month=month)["regime_p_crisis"].item() > 0.7
    assert found["regime_p_crisis"].mean() < 0.15


@pytest.mark.realdata
def test_fitted_regimes_of_a_real_index_keep_their_names(market_data):
    market = read_market([market_data / "equity" / "bars_1d_index.parquet"])
    bars = market.bars.filter(instrument="SP500.US")
    features = compute(Bank([regime_measures()]), bars)
    fitted = fit_regime(features.head(2_500))  # ten years, the next ten unseen
    bank = Bank([regime_filter(fitted)])
    found = compute(bank, bars).tail(-2_500)
    likeliest = found.select(bank.names).to_numpy().argmax(1)
    rules = regime(compute(default_bank(DAY_NS, has_quotes=False), bars)).tail(-2_500)
    mean = dict(zip(REGIMES, fitted.mean, strict=True))
    assert mean["TRENDING_UP"][0] > 0 > mean["TRENDING_DOWN"][0] > mean["CRISIS"][0]
    wild = [mean[name][1] for name in ("LOW_VOLATILITY", "SIDEWAYS", "HIGH_VOLATILITY")]
    assert sorted(wild) == wild
    # runs are longer than those of the rules, which judge each row by itself
    names = np.array(REGIMES)[likeliest]
    assert (names[1:] != names[:-1]).sum() < (rules != rules.shift()).sum()
    assert set(REGIMES) == {each.value for each in MarketRegime}
