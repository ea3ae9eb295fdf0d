import dataclasses

import numpy as np
import polars as pl
import pytest

from tradeloop.backtest import (
    BacktestConfig,
    Bootstrap,
    daily_equity,
    daily_returns,
    drawdown,
    performance,
    replay,
)
from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR
from tradeloop.costs import ZERO, CostModel

SIGNALS = {
    "instrument": pl.String,
    "created_ns": pl.Int64,
    "side": pl.Int8,
    "position_size": pl.Float64,
    "horizon_ns": pl.Int64,
}


def daily_bars(prices, name="A"):
    """One bar a day, from 14:00 to 21:00 UTC; opens at the close before."""
    prices = np.asarray(prices, dtype=float)
    day = np.arange(len(prices)) * NS_PER_DAY
    return pl.DataFrame(
        {
            "instrument": [name] * len(prices),
            "open_ns": day + 14 * NS_PER_HOUR,
            "event_ns": day + 21 * NS_PER_HOUR,
            "open": np.concatenate((prices[:1], prices[:-1])),
            "close": prices,
        }
    )


def walk(days, seed):
    steps = np.random.default_rng(seed).normal(5e-4, 0.01, days)
    return 100 * np.exp(steps.cumsum())


def every_days(days, *, sides=(1, -1), horizon=3):
    return pl.DataFrame(
        [
            ("A", i * NS_PER_DAY, sides[i // 2 % len(sides)], 0.5, horizon * NS_PER_DAY)
            for i in range(0, days, 2)
        ],
        schema=SIGNALS,
        orient="row",
    )


def hold(bars, config=None):
    """Be long with all of the capital from the first open to the end."""
    one = [("A", 0, 1, 1.0, 10**6 * NS_PER_HOUR)]
    signals = pl.DataFrame(one, schema=SIGNALS, orient="row")
    return replay(bars, signals, costs=ZERO, config=config)


def test_figures_equal_their_formulas_on_daily_bars():
    bars = daily_bars(walk(400, 1))
    done = replay(bars, every_days(400), costs=CostModel())
    found = performance(done)
    equity = np.concatenate(([1.0], done.curve["equity"].to_numpy()))
    own = np.diff(equity)
    held = bars["close"].to_numpy() / bars["open"][0] - 0.00015
    held = np.concatenate(([1.0], held))
    held = held[1:] / held[:-1] - 1
    year = 365.25 * 400 / (399 + 7 / 24)
    assert found.periods_per_year == pytest.approx(year)
    sharpe = own.mean() / own.std(ddof=1) * np.sqrt(year)
    assert found.sharpe.value == pytest.approx(sharpe, rel=1e-12)
    bench = held.mean() / held.std(ddof=1) * np.sqrt(year)
    assert found.benchmark_sharpe.value == pytest.approx(bench, rel=1e-9)
    assert found.sharpe_difference.value == pytest.approx(sharpe - bench, rel=1e-9)
    assert found.volatility == pytest.approx(own.std(ddof=1) * np.sqrt(year))
    peak = np.maximum.accumulate(equity)
    assert found.max_drawdown == pytest.approx((1 - equity / peak).max())
    years = (399 + 7 / 24) / 365.25
    assert found.cagr == pytest.approx(equity[-1] ** (1 / years) - 1)
    traded = done.fills["traded"].abs().sum()
    assert found.turnover == pytest.approx(traded)
    assert found.turnover_per_year == pytest.approx(traded / years)
    ended = done.trades.filter(~pl.col("open"))
    wins = (ended["net_pnl"] > 0).mean()
    assert (found.trades, found.hit_rate.value) == (ended.height, pytest.approx(wins))
    assert found.sharpe.low < found.sharpe.value < found.sharpe.high


def test_holding_the_market_with_all_of_the_capital_is_the_benchmark():
    done = hold(daily_bars(walk(300, 2)))
    found = performance(done)
    assert found.total_return == pytest.approx(found.benchmark_return, abs=1e-12)
    assert found.max_drawdown == pytest.approx(found.benchmark_max_drawdown)
    assert found.cagr == pytest.approx(found.benchmark_cagr)


def test_intraday_marks_are_sampled_once_a_day():
    hours = np.arange(24 * 30)
    prices = 100.0 + np.sin(hours)
    bars = pl.DataFrame(
        {
            "instrument": ["A"] * len(hours),
            "open_ns": hours * NS_PER_HOUR,
            "event_ns": (hours + 1) * NS_PER_HOUR,
            "open": prices,
            "close": prices,
        }
    )
    done = hold(bars)
    sampled = daily_equity(done.curve)
    # The close at midnight ends the day before: 30 days, not 31.
    assert sampled["event_ns"].to_list() == [(d + 1) * NS_PER_DAY for d in range(30)]
    assert sampled["equity"].to_list() == done.curve["equity"].to_list()[23::24]
    assert performance(done).days == 30
    own, _ = daily_returns(done)
    assert own.sum() == pytest.approx(done.curve["equity"][-1] - 1)


def test_the_given_number_of_periods_scales_the_annual_figures():
    bars = daily_bars(walk(300, 3))
    found = {
        n: performance(hold(bars, BacktestConfig(periods_per_year=n)))
        for n in (252.0, 1008.0)
    }
    for name in ("sharpe", "benchmark_sharpe"):
        once, twice = (getattr(found[n], name).value for n in (252.0, 1008.0))
        assert twice == pytest.approx(2 * once)
    assert found[1008.0].volatility == pytest.approx(2 * found[252.0].volatility)
    assert "252" in " ".join(found[252.0].conventions)


def test_too_short_or_too_quiet_a_record_has_no_annual_figure():
    short = performance(hold(daily_bars(walk(19, 4))))
    assert short.sharpe is None
    assert short.cagr is None
    assert short.deflated is None
    assert short.sharpe_difference is None
    empty = pl.DataFrame(schema=SIGNALS)
    quiet = performance(replay(daily_bars(walk(100, 4)), empty, costs=ZERO))
    assert quiet.sharpe is None
    assert quiet.hit_rate is None
    assert quiet.benchmark_sharpe is not None
    assert (quiet.total_return, quiet.max_drawdown, quiet.trades) == (0.0, 0.0, 0)


def test_more_trials_deflate_the_sharpe_ratio_more():
    done = hold(daily_bars(walk(500, 6)))
    found = [performance(done, trials=n).deflated.probability for n in (1, 10, 1000)]
    assert found[0] > found[1] > found[2]


def test_a_drawdown_counts_from_the_capital_and_from_every_peak():
    equity = np.array([0.9, 1.2, 0.6, 1.3])
    np.testing.assert_allclose(drawdown(equity, 1.0), [0.1, 0.0, 0.5, 0.0], atol=1e-15)


def test_an_equity_below_zero_is_reported_and_has_lost_all():
    bars = daily_bars(np.linspace(100, 250, 60))
    short = [("A", 0, -1, 1.0, 10**6 * NS_PER_HOUR)]
    signals = pl.DataFrame(short, schema=SIGNALS, orient="row")
    found = performance(replay(bars, signals, costs=ZERO))
    assert found.total_return < -1
    assert found.cagr == -1.0
    assert found.max_drawdown > 1


def test_the_same_seed_gives_the_same_figures_and_another_seed_another_interval():
    done = hold(daily_bars(walk(200, 7)))
    first, again = performance(done), performance(done)
    other = performance(done, bootstrap=Bootstrap(seed=1))
    assert dataclasses.asdict(first) == dataclasses.asdict(again)
    assert first.sharpe.value == other.sharpe.value
    assert first.sharpe.low != other.sharpe.low


def test_the_packaged_daily_bars_give_the_known_benchmark():
    from arch.data import sp500  # noqa: PLC0415

    prices = sp500.load()
    at_ns = prices.index.to_numpy().astype("datetime64[ns]").astype(np.int64)
    bars = pl.DataFrame(
        {
            "instrument": ["SP500"] * len(at_ns),
            "open_ns": at_ns + 14 * NS_PER_HOUR,
            "event_ns": at_ns + 21 * NS_PER_HOUR,
            "open": prices["Open"].to_numpy(),
            "close": prices["Close"].to_numpy(),
        }
    )
    found = performance(replay(bars, pl.DataFrame(schema=SIGNALS), costs=ZERO))
    # Peak 1565.15 on 2007-10-09, trough 676.53 on 2009-03-09.
    assert found.benchmark_max_drawdown == pytest.approx(1 - 676.53 / 1565.15, abs=1e-6)
    growth = prices["Close"].iloc[-1] / prices["Open"].iloc[0]
    assert found.benchmark_return == pytest.approx(growth - 1, rel=1e-12)
    assert found.periods_per_year == pytest.approx(251.7, abs=0.1)
