"""The types of dataset on real bars and real fills: certified, true to the market."""

import numpy as np
import polars as pl
import pytest

from tradeloop.capture import fills_of, read_decisions, read_market, resolve
from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR
from tradeloop.datasets import (
    KINDS,
    DatasetInputs,
    PurgedWalkForward,
    Recipe,
    Schedule,
    Sources,
    Undivided,
    assemble,
    certify,
    covariance_of,
)
from tradeloop.events import DatasetType
from tradeloop.features import compute, default_bank
from tradeloop.labels import label
from tradeloop.labels.execution import execution_truth

HOURS = (6 * NS_PER_HOUR, 24 * NS_PER_HOUR)
pytestmark = pytest.mark.realdata


def inputs_of(name, splitter):
    return DatasetInputs(
        dataset_type=name,
        slices={"bars": "real"},
        feature_fingerprint="default",
        label_rules={},
        split=splitter.as_mapping(),
        as_of_ns=0,
        seed=0,
    )


def certified(name, bars, schedule, folds=3):
    """A dataset of observations of the bars, with its leak certificate."""
    rows = KINDS[DatasetType(name)].observations(None, bars, schedule)
    labels = label(rows, bars, horizons_ns=HOURS)
    bank = default_bank(NS_PER_HOUR, has_quotes=False)
    splitter = PurgedWalkForward(folds=folds, embargo_ns=NS_PER_HOUR)
    sources = Sources(rows, bars, compute(bank, bars), labels, NS_PER_HOUR)
    dataset = assemble(sources, Recipe(inputs_of(name, splitter), splitter))
    splits = list(splitter.split(dataset.decision_ns, dataset.end_ns))
    return dataset, certify(dataset, splits, bars, lambda cut: compute(bank, cut))


@pytest.fixture(scope="module")
def currencies(market_data):
    bars = read_market([market_data / "fx" / "bars_1h.parquet"]).bars
    first = pl.int_range(pl.len()).over("instrument") < 2_500
    chosen = pl.col("instrument").is_in(["AUDJPY.MT5", "USDCHF.MT5"])
    return bars.filter(chosen & first)


@pytest.fixture(scope="module")
def stocks(market_data):
    return read_market([market_data / "equity" / "bars_1h_us.parquet"]).bars


def test_every_sixth_hour_of_two_currencies_is_a_certified_dataset(currencies):
    dataset, certificate = certified(
        "MARKET_PREDICTION", currencies, Schedule(NS_PER_HOUR, every=6)
    )
    assert certificate.passed, certificate.failed
    assert dataset.sample_count + sum(dataset.left_out.values()) == 2 * -(-2_500 // 6)
    labels = dataset.outcome_labels.drop_nulls("return_1d")
    # Volatility is persistent: what was known tells what comes, far above chance.
    known = labels["decision_id"].to_frame().join(dataset.market_context, "decision_id")
    pair = pl.DataFrame([known["volatility_level"], labels["realised_volatility_1d"]])
    assert pair.select(pl.corr(*pair.columns, method="spearman")).item() > 0.25
    # A day of moves that do not lean anywhere: mean square equals the return's.
    squares = (labels["realised_volatility_1d"] ** 2).mean()
    assert squares == pytest.approx((labels["return_1d"] ** 2).mean(), rel=0.25)


def test_a_hundred_stocks_at_each_rebalance_are_a_certified_dataset(stocks):
    dataset, certificate = certified(
        "PORTFOLIO_OPTIMIZATION", stocks, Schedule(NS_PER_HOUR, every=6)
    )
    assert certificate.passed, certificate.failed
    labels = dataset.outcome_labels
    sizes = labels.group_by("decision_ns").len()["len"]
    assert set(sizes) == {102}
    ranks = labels.filter(pl.col("return_rank_6h").is_not_null()).group_by(
        "decision_ns"
    )
    spread = ranks.agg(
        pl.col("return_rank_6h").min().alias("low"),
        pl.col("return_rank_6h").max().alias("high"),
        pl.col("return_rank_6h").mean().alias("mean"),
        pl.col("demeaned_return_6h").sum().alias("sum"),
    )
    assert spread["mean"].to_numpy() == pytest.approx(0.5)
    assert spread["sum"].to_numpy() == pytest.approx(0.0, abs=1e-12)
    assert (spread["low"] >= 0).all()
    assert (spread["high"] <= 1).all()
    at = int(labels["decision_ns"][-1])
    members = ["AAPL.US", "MSFT.US", "NVDA.US", "QQQ.US"]
    matrix = covariance_of(stocks, members, at, window_bars=100)
    assert np.linalg.eigvalsh(matrix).min() > 0
    assert (matrix[-1] > 0).all()  # the index moves with each of them


def test_of_the_agents_decisions_only_those_with_a_trusted_fill_are_rows(
    market_data, stocks
):
    path = market_data / "decisions" / "agent_decisions_us.parquet"
    decisions, fills = read_decisions(path).rows, fills_of(path).rows
    named, _ = resolve(decisions, stocks, stale_after_ns=NS_PER_DAY)
    traded = named.filter(pl.col("side") != 0)
    truth = execution_truth(traded, fills, stocks, horizons_ns=[HOURS[0]])
    labels = label(traded, stocks, horizons_ns=HOURS)
    bank = default_bank(NS_PER_HOUR, has_quotes=False)
    name = "EXECUTION_OPTIMIZATION"
    sources = Sources(
        traded,
        stocks,
        compute(bank, stocks),
        labels,
        NS_PER_HOUR,
        fills=fills,
        execution=truth,
    )
    dataset = assemble(sources, Recipe(inputs_of(name, Undivided()), Undivided()))
    suspect = truth.filter("fill_suspect")
    assert suspect.height == 123
    assert not set(dataset.outcome_labels["decision_id"]) & set(suspect["decision_id"])
    assert dataset.sample_count > 100
    assert dataset.sample_count + sum(dataset.left_out.values()) == traded.height
    frame = dataset.outcome_labels
    parts = frame["delay_bps"] + frame["execution_bps"] + frame["opportunity_bps"]
    assert (frame["shortfall_before_fees_bps"] - parts).abs().max() < 1e-9
    assert frame["fees_bps"].null_count() == frame.height  # nobody states any
