"""What a decision states about itself, against slow oracles."""

import json
from dataclasses import replace
from math import sqrt

import numpy as np
import polars as pl
import pytest

from reference.confidence import confidence
from reference.market import DAY_NS, bars_frame
from tradeloop.clock import NS_PER_DAY
from tradeloop.errors import InputError
from tradeloop.events import DECISION
from tradeloop.features import Bank, compute
from tradeloop.strategies import (
    ALL,
    Breakout,
    Conduct,
    MeanReversion,
    VolatilityContraction,
    replay,
    strategy_bank,
)

BARS = bars_frame(31, [600, 500])
FEATURES = compute(strategy_bank(ALL), BARS)


@pytest.mark.parametrize("strategy", ALL, ids=lambda s: s.name)
def test_confidence_is_the_share_of_matured_decisions_that_made_money(strategy):
    strategy = replace(strategy, conduct=Conduct(hold_bars=3))
    found = strategy.decide(FEATURES, BARS)
    for name, rows in found.group_by("instrument"):
        bars = BARS.filter(pl.col("instrument") == name[0])
        closes = bars["close"].to_list()
        place = {at: row for row, at in enumerate(bars["received_ns"])}
        sides = [0] * bars.height
        for row in rows.iter_rows(named=True):
            sides[place[row["received_ns"]]] = row["side"]
        for row in rows.iter_rows(named=True):
            wanted = confidence(sides, closes, place[row["received_ns"]], 3)
            assert row["confidence_score"] == pytest.approx(wanted, rel=1e-12)
    assert found["confidence_score"].n_unique() > 10


def test_size_risk_and_consensus_follow_their_formulas():
    row = MeanReversion().decide(FEATURES, BARS).row(40, named=True)
    past = BARS.filter(
        (pl.col("instrument") == row["instrument"])
        & (pl.col("received_ns") <= row["received_ns"])
    )["close"].to_numpy()
    returns = 1e4 * np.diff(np.log(past))
    volatility = [
        sqrt(np.mean(returns[k - 20 : k] ** 2)) for k in range(20, len(returns) + 1)
    ]
    last, window = volatility[-1], volatility[-250:]
    assert row["position_size"] == pytest.approx(min(1.0, 100 / (last * sqrt(5))))
    below = sum(v < last for v in window) + 0.5
    assert row["risk_score"] == pytest.approx(below / len(window))
    consensus = {}
    for n in (5, 20, 60):
        moved = 1e4 * np.log(past[-1] / past[-1 - n])
        loud = abs(moved) > 0.25 * last * sqrt(n)
        consensus[f"{n}_bars"] = int(np.sign(moved)) if loud else 0
    assert json.loads(row["timeframe_consensus"]) == consensus


def test_breakout_decides_exactly_where_the_close_leaves_the_prior_channel():
    top = pl.col("high").rolling_max(20).shift(1).over("instrument")
    bottom = pl.col("low").rolling_min(20).shift(1).over("instrument")
    wanted = BARS.with_columns(
        side=(pl.col("close") > top).cast(pl.Int8) - (pl.col("close") < bottom)
    ).filter(pl.int_range(pl.len()).over("instrument") >= 39, pl.col("side") != 0)
    found = Breakout().decide(FEATURES, BARS)
    assert found.select("instrument", "event_ns", "side").rows() == (
        wanted.select("instrument", "received_ns", "side").rows()
    )


def test_mean_reversion_trades_against_the_move_and_contraction_with_the_close():
    low = FEATURES.select(
        "instrument", "received_ns", "rsi_2", "bollinger_20_percent_b"
    )
    key = ["instrument", "received_ns"]
    back = MeanReversion().decide(FEATURES, BARS).join(low, on=key)
    assert ((back["rsi_2"] < 50) == (back["side"] == 1)).all()
    narrow = VolatilityContraction().decide(FEATURES, BARS).join(low, on=key)
    above = narrow["bollinger_20_percent_b"] > 0.5
    assert (above == (narrow["side"] == 1)).all()


def test_reasoning_is_a_sentence_with_numbers():
    for row in replay(BARS, ALL).iter_rows(named=True):
        text = row["reasoning"]
        assert text.endswith("bps.")
        assert text[0].isupper()
        assert sum(mark.isdigit() for mark in text) >= 4


def test_market_that_does_not_move_gives_no_decision():
    prices = ("open", "high", "low", "close")
    flat = bars_frame(5, [400]).with_columns(pl.lit(7.3).alias(n) for n in prices)
    assert replay(flat, ALL).is_empty()


def test_bars_that_became_known_at_once_give_one_decision():
    once = BARS.with_columns(
        received_ns=(pl.col("received_ns") // (5 * DAY_NS) + 1) * 5 * DAY_NS
    )
    found = replay(once, ALL)
    assert found["decision_id"].n_unique() == found.height > 100


def test_no_bars_give_no_decisions_with_all_columns():
    assert replay(BARS.clear(), ALL).equals(DECISION.empty())
    assert replay(BARS.head(5), ALL).equals(DECISION.empty())


def test_features_of_other_bars_and_absent_features_are_refused():
    with pytest.raises(InputError, match="must be of the same rows"):
        Breakout().decide(FEATURES.head(10), BARS)
    with pytest.raises(InputError, match="column 'donchian_20'"):
        Breakout().decide(FEATURES.drop("donchian_20"), BARS)


def test_a_larger_bank_gives_the_same_decisions():
    more = compute(Bank([*strategy_bank(ALL).outputs][::-1]), BARS)
    assert Breakout().decide(more, BARS).equals(Breakout().decide(FEATURES, BARS))


def daily(module, name):
    frame = module.load()
    days = frame.index.to_numpy().astype("datetime64[ns]").astype(np.int64)
    prices = {k: frame[k.title()].to_numpy(float) for k in ("open", "high", "low")}
    return pl.DataFrame(
        {
            "instrument": name,
            "event_ns": days + 21 * NS_PER_DAY // 24,
            "received_ns": days + 21 * NS_PER_DAY // 24,
            **prices,
            "close": frame["Close"].to_numpy(float),
            "volume": frame["Volume"].to_numpy(float),
        }
    )


def test_two_daily_indices_give_several_thousand_decisions():
    from arch.data import nasdaq, sp500  # noqa: PLC0415

    bars = pl.concat([daily(nasdaq, "NASDAQ"), daily(sp500, "SP500")])
    found = replay(bars, ALL)
    assert 4_000 <= found.height <= 8_000
    assert found.group_by("strategy", "instrument", "side").len()["len"].min() > 200
    assert found["confidence_score"].is_between(0.3, 0.7).all()


@pytest.mark.realdata
def test_fx_hours_are_decided_by_every_strategy_on_every_pair(market_data):
    frame = pl.read_parquet(market_data / "fx" / "bars_1h.parquet")
    end = pl.col("ts").dt.epoch("ns") + NS_PER_DAY // 24
    bars = frame.with_columns(
        instrument=pl.col("symbol"), event_ns=end, received_ns=end
    ).sort("instrument", "event_ns")
    found = replay(bars, ALL)
    assert found.select("instrument", "strategy").unique().height == 7 * 3


@pytest.mark.realdata
def test_one_second_bars_of_mids_are_decided(market_data):
    quotes = pl.read_parquet(market_data / "crypto" / "quotes.parquet")
    second, mid = 1_000_000_000, pl.col("mid")
    bars = (
        quotes.with_columns(
            mid=(pl.col("bid") + pl.col("ask")) / 2,
            instrument=pl.col("symbol") + "." + pl.col("venue"),
            event_ns=(pl.col("ts").dt.epoch("ns") // second + 1) * second,
        )
        .group_by("instrument", "event_ns", maintain_order=True)
        .agg(open=mid.first(), high=mid.max(), low=mid.min(), close=mid.last())
        .sort("instrument", "event_ns")
        .with_columns(received_ns=pl.col("event_ns"))
    )
    found = replay(bars, ALL)
    assert found["strategy"].n_unique() == 3
    assert found["instrument"].n_unique() == 4
