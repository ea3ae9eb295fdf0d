import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings

from backtest.specimen import (
    DEAR,
    FIVE_BPS,
    caps,
    hourly,
    markets,
    orders,
    run,
    signal,
)
from tradeloop.backtest import replay
from tradeloop.clock import NS_PER_HOUR
from tradeloop.costs import CostModel


@settings(max_examples=100, deadline=None)
@given(markets(), orders, caps)
def test_the_ledger_adds_up(market, signals, caps):
    capital = 1000.0
    done = run(market, signals, DEAR, caps, capital)
    curve, trades = done.curve, done.trades
    gap = curve["equity"] - curve["cash"] - curve["positions"]
    assert float(gap.abs().max()) <= 1e-12 * capital
    change = curve["equity"][-1] - capital
    assert trades["net_pnl"].sum() == pytest.approx(change, abs=1e-12 * capital)
    paid = trades["gross_pnl"].sum() - curve["costs"][-1]
    assert paid == pytest.approx(change, abs=1e-12 * capital)
    assert sum(done.counts.values()) == len(signals) == done.signals.height
    assert done.counts["executed"] == done.signals["reason"].null_count()


def test_signals_that_do_nothing_leave_exactly_the_capital():
    market = {"A": hourly([100, 90, 120]), "B": hourly([7, 8, 9])}
    idle = [signal(side=0), signal(size=0.0), signal("X"), signal(created=9)]
    done = run(market, idle, DEAR, capital=3.0)
    assert (done.curve["equity"] == 3.0).all()
    assert (done.curve["costs"] == 0.0).all()
    assert done.trades.is_empty()
    assert done.counts == {
        "executed": 0,
        "HOLD": 1,
        "zero size": 1,
        "unknown instrument": 1,
        "no later bar": 1,
    }


def test_opposite_signals_of_equal_size_net_to_nothing():
    both = [signal(side=1, size=0.3), signal(side=-1, size=0.3)]
    done = run({"A": hourly([100, 150, 90, 80])}, both, DEAR)
    assert done.counts["executed"] == 2
    assert (done.curve["equity"] == 1.0).all()


def test_a_signal_that_takes_over_from_another_pays_no_costs():
    relay = [signal(created=0, horizon=2, size=0.3), signal(created=2, size=0.3)]
    done = run({"A": hourly([100, 110, 120, 130, 140])}, relay, FIVE_BPS)
    assert done.trades.height == 1
    assert done.fills.height == 2


@pytest.mark.parametrize("weight", [0.5, 1.0])
def test_doubling_the_costs_takes_exactly_the_same_again(weight):
    rng = np.random.default_rng(5)
    market = {"A": hourly((100 * np.exp(rng.normal(0, 0.02, 200).cumsum())).tolist())}
    signals = [
        signal(created=int(c), side=int(s), size=weight, horizon=int(h))
        for c, s, h in zip(
            rng.integers(0, 190, 60),
            rng.choice([-1, 1], 60),
            rng.integers(1, 12, 60),
            strict=True,
        )
    ]
    free, once, twice = (
        run(market, signals, CostModel(k * 2.0, k * 1.5, 0.0, k * 300.0)).curve[
            "equity"
        ]
        for k in (0, 1, 2)
    )
    np.testing.assert_allclose(free - once, once - twice, rtol=0, atol=1e-13)
    assert ((free - once).diff().drop_nulls() >= -1e-15).all()
    assert free[-1] > once[-1] > twice[-1]


def test_doubling_the_capital_doubles_every_amount():
    market = {"A": hourly([100, 110, 95, 120])}
    signals = [signal(size=0.4), signal(created=1, side=-1)]
    one, two = (run(market, signals, DEAR, capital=c) for c in (1.0, 2.0))
    for name in ("equity", "cash", "positions", "gross", "costs"):
        assert (2.0 * one.curve[name]).equals(two.curve[name])


def test_financing_is_paid_for_the_time_held_once_even_where_bars_overlap():
    hours = [(0, 25), (24, 49), (48, 73)]  # days around a change of the clock
    bars = [(a * NS_PER_HOUR, b * NS_PER_HOUR, 100.0, 100.0) for a, b in hours]
    turn = [signal(horizon=24, size=0.5), signal(created=24, horizon=999, size=1.0)]
    year = CostModel(0.0, 0.0, 0.0, 365.0)  # one bp of the notional a day
    done = run({"A": bars}, turn, year)
    days = 0.5 * 25 / 24 + 1.0 * (73 - 25) / 24
    assert done.curve["costs"][-1] == pytest.approx(days * 1e-4, rel=1e-12)
    assert done.trades["costs"].sum() == pytest.approx(days * 1e-4, rel=1e-12)


def test_a_position_without_a_later_open_is_marked_and_stays_open():
    done = run({"A": hourly([100, 110, 120])}, [signal(horizon=99)], FIVE_BPS)
    trade = done.trades.row(0, named=True)
    assert trade["open"]
    assert trade["exit_ns"] is None
    assert trade["net_pnl"] == pytest.approx(0.2 - 5e-4, abs=1e-15)
    assert done.signals["exit_ns"].item() is None
    assert done.signals["reason"].item() is None


def test_buy_and_hold_buys_each_instrument_once_in_equal_shares():
    market = {"A": hourly([100, 110, 120]), "B": hourly([50, 50, 50])[1:]}
    done = run(market, [], DEAR)
    cost = 5e-4
    expected = [1 - cost / 2, 1.05 - cost, 1.1 - cost]
    np.testing.assert_allclose(done.benchmark["equity"], expected, rtol=1e-9)
    assert done.benchmark["costs"][-1] == pytest.approx(cost, rel=1e-8)


@pytest.mark.realdata
def test_ten_years_of_hourly_currencies_add_up(market_data):
    raw = pl.read_parquet(market_data / "fx" / "bars_1h.parquet")
    bars = raw.select(
        pl.col("symbol").alias("instrument"),
        pl.col("ts").cast(pl.Int64).alias("open_ns"),
        (pl.col("ts").cast(pl.Int64) + NS_PER_HOUR).alias("event_ns"),
        "open",
        "close",
    ).sort("instrument", "event_ns")
    signals = bars.select(
        "instrument",
        created_ns="event_ns",
        side=(pl.col("open") - pl.col("close")).sign().cast(pl.Int8),
        position_size=pl.lit(0.05),
        horizon_ns=pl.lit(6 * NS_PER_HOUR),
    )
    done = replay(bars, signals, costs=DEAR)
    assert sum(done.counts.values()) == bars.height
    assert done.counts["executed"] > 0.9 * bars.height
    gap = done.curve["equity"] - done.curve["cash"] - done.curve["positions"]
    assert float(gap.abs().max()) < 1e-11  # thousands of capitals are traded
    change = done.curve["equity"][-1] - 1.0
    assert done.trades["net_pnl"].sum() == pytest.approx(change, abs=1e-10)
