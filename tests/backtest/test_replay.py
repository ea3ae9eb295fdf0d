import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backtest.specimen import (
    DEAR,
    FREE,
    bar_frame,
    caps,
    hourly,
    markets,
    orders,
    run,
    signal,
    signal_frame,
)
from reference.replay import replay_oracle
from tradeloop.backtest import BacktestConfig, replay
from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR
from tradeloop.errors import InputError


@settings(max_examples=150, deadline=None)
@given(markets(), orders, caps)
def test_every_trade_and_every_mark_equals_the_slow_replay(market, signals, caps):
    done = run(market, signals, DEAR, caps)
    equity, trades, reasons = replay_oracle(
        market,
        signals,
        cost_rate=5e-4,
        rate_per_ns=0.04 / (365 * NS_PER_DAY),
        caps=caps,
    )
    assert done.curve["event_ns"].to_list() == sorted(equity)
    np.testing.assert_allclose(
        done.curve["equity"], [equity[t] for t in sorted(equity)], rtol=0, atol=1e-12
    )
    assert done.signals["reason"].to_list() == reasons
    assert done.trades.height == len(trades)
    for ours, slow in zip(done.trades.iter_rows(named=True), trades, strict=True):
        for key in ("instrument", "side", "entry_ns", "exit_ns"):
            assert ours[key] == slow[key], key
        assert ours["gross_pnl"] == pytest.approx(slow["gross_pnl"], abs=1e-12)
        assert ours["costs"] == pytest.approx(slow["costs"], abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(markets(), orders, caps)
def test_caps_hold_after_every_fill(market, signals, caps):
    fills = run(market, signals, FREE, caps).fills.sort("at_ns", maintain_order=True)
    held = {}
    for (_at,), group in fills.group_by("at_ns", maintain_order=True):
        held |= dict(zip(group["instrument"], group["weight"], strict=True))
        assert max(abs(weight) for weight in held.values()) <= caps[0] + 1e-12
        assert sum(abs(weight) for weight in held.values()) <= caps[1] + 1e-12


@settings(max_examples=60, deadline=None)
@given(markets(), orders, st.integers(0, 15), st.randoms(use_true_random=False))
def test_rewriting_the_future_changes_no_past_mark(market, signals, cut, random):
    cut_ns = cut * NS_PER_HOUR
    other = {
        name: [
            bar
            if bar[1] <= cut_ns
            else (bar[0], bar[1], bar[2] if bar[0] <= cut_ns else 77.0, 13.0)
            for bar in bars
        ]
        for name, bars in market.items()
    }
    later = [s for s in signals if s["created_ns"] <= cut_ns]
    random.shuffle(later)
    known = pl.col("event_ns") <= cut_ns
    first, second = run(market, signals), run(other, later)
    assert first.curve.filter(known).equals(second.curve.filter(known))


def test_a_signal_trades_at_the_open_after_it_and_never_in_its_own_bar():
    prices, closes = [100, 110, 130, 160], [109, 129, 159, 200]
    done = run({"A": hourly(prices, closes)}, [signal(created=1, horizon=2)])
    trade = done.trades.row(0, named=True)
    # Created when bar 0 closed: enters at the open of bar 1, leaves at that of bar 3.
    assert (trade["entry_price"], trade["exit_price"]) == (110.0, 160.0)
    assert trade["net_pnl"] == pytest.approx(160 / 110 - 1, abs=1e-15)
    np.testing.assert_allclose(
        done.curve["equity"], [1, 129 / 110, 159 / 110, 160 / 110], rtol=1e-15
    )


def test_a_signal_created_inside_a_bar_waits_for_the_next_one():
    inside = signal(horizon=1) | {"created_ns": NS_PER_HOUR // 2}
    done = run({"A": hourly([100, 200, 300])}, [inside])
    assert done.signals["entry_price"].item() == 200.0
    assert done.signals["exit_price"].item() == 300.0


def test_an_idle_instrument_and_the_order_of_signals_change_nothing():
    market = {"B": hourly([100, 110, 95, 120, 90])}
    signals = [
        signal("B", created=c, side=s, size=0.4)
        for c, s in [(0, 1), (1, -1), (1, 1), (2, 1)]
    ]
    alone = run(market, signals, DEAR)
    beside = run(market | {"A": hourly([5, 6, 7, 8, 9])}, signals[::-1], DEAR)
    assert alone.curve.equals(beside.curve)
    assert alone.trades.equals(beside.trades)


def test_instruments_that_trade_together_share_the_room_in_proportion():
    market = {name: hourly([100, 100, 100]) for name in "ABC"}
    signals = [
        signal("A", size=0.5, horizon=9),
        signal("B", created=1, size=0.75, horizon=9),
        signal("C", created=1, size=0.25, side=-1, horizon=9),
    ]
    done = run(market, signals, caps=(1.0, 1.0))
    weights = dict(zip(done.fills["instrument"], done.fills["weight"], strict=True))
    assert weights == pytest.approx({"A": 0.5, "B": 0.375, "C": -0.125})
    assert done.capped == 2


def test_the_same_input_gives_the_same_bits():
    market = {"A": hourly([100, 110, 95, 120]), "B": hourly([9, 8, 9, 7])}
    signals = [signal("A"), signal("B", side=-1), signal("A", created=1)]
    first, second = run(market, signals, DEAR), run(market, signals, DEAR)
    assert first.curve.equals(second.curve)
    assert first.trades.equals(second.trades)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"side": 2}, "side"),
        ({"position_size": -0.5}, "position size"),
        ({"position_size": float("nan")}, "position size"),
        ({"position_size": 1e6}, "position size"),
        ({"horizon_ns": 0}, "horizon"),
        ({"instrument": None}, "instrument"),
    ],
)
def test_a_broken_signal_is_refused_with_its_row_and_column(change, words):
    with pytest.raises(InputError, match=words) as caught:
        run({"A": hourly([100, 110])}, [signal(), signal() | change])
    assert caught.value.row == 1
    assert caught.value.column


def test_a_missing_column_of_the_signals_is_named():
    with pytest.raises(InputError, match="horizon_ns"):
        replay(
            bar_frame({"A": hourly([1, 2])}),
            signal_frame([]).drop("horizon_ns"),
            costs=FREE,
        )


@pytest.mark.parametrize(
    "wrong",
    [
        {"capital": 0.0},
        {"max_instrument_exposure": -1.0},
        {"max_total_exposure": float("nan")},
        {"periods_per_year": 0.0},
        {"participation": 2.0},
    ],
)
def test_a_config_outside_its_range_is_refused(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        BacktestConfig(**wrong)
