import numpy as np
import polars as pl
import pytest

from reference.market_state import state_oracle
from tradeloop.clock import NS_PER_HOUR
from tradeloop.datasets import StateRule, market_state
from tradeloop.datasets.market_state import STATE_COLUMNS

RULE = StateRule(short_bars=5, usual_bars=20, flow_bars=8)


@pytest.fixture(scope="module")
def one(world):
    return world.bars.filter(pl.col("instrument") == "A.X")


@pytest.mark.parametrize("row", [30, 61, 123, 250, 499])
def test_state_equals_the_formulas_written_out(one, row):
    found = market_state(one, RULE).row(row, named=True)
    expected = state_oracle(one[: row + 1].to_dicts(), RULE)
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-9), name


def test_state_is_null_until_its_window_is_full(one):
    state = market_state(one, RULE)
    first = {
        name: state[name].is_not_null().arg_true()[0] for name in STATE_COLUMNS[:2]
    }
    assert first == {
        "volatility_level": RULE.short_bars,
        "liquidity_score": RULE.short_bars + RULE.usual_bars - 1,
    }


def test_what_comes_later_changes_no_bit_of_the_state(world):
    whole = market_state(world.bars, RULE)
    for hours in (50, 211, 400):
        at_ns = int(world.bars["event_ns"][0]) + hours * NS_PER_HOUR
        cut = market_state(world.bars.filter(pl.col("received_ns") <= at_ns), RULE)
        assert cut.equals(whole.filter(pl.col("received_ns") <= at_ns))


def test_correlation_is_known_when_the_last_of_the_other_bars_is(world):
    late = (pl.col("instrument") == "B.X") & (pl.int_range(pl.len()) == 700)
    received = pl.when(late).then(pl.col("received_ns") + 30 * 10**9)
    bars = world.bars.with_columns(received_ns=received.otherwise("received_ns"))
    state = market_state(bars, RULE)
    event_ns = bars["event_ns"][700]
    assert (
        (state.filter(pl.col("event_ns") == event_ns)["received_ns"]).to_list()
        == [bars["received_ns"][700]] * 2
    )


def test_two_instruments_have_the_correlation_of_their_returns(world):
    state = market_state(world.bars, RULE)
    steps = [
        world.bars.filter(pl.col("instrument") == name)["close"].log().diff()
        for name in ("A.X", "B.X")
    ]
    expected = np.corrcoef(steps[0][92:100], steps[1][92:100])[0, 1]
    assert state["market_correlation"][99] == pytest.approx(expected)


def test_bars_without_a_trade_leave_the_liquidity_known(one):
    third = pl.int_range(pl.len()) % 3 > 0
    thin = one.with_columns(volume=pl.when(third).then("volume").otherwise(0.0))
    assert market_state(thin, RULE)["liquidity_score"][-1] is not None


def test_a_lone_instrument_has_no_correlation(one):
    assert market_state(one, RULE)["market_correlation"].null_count() == one.height


def test_without_quotes_and_trades_nothing_is_made_up(world):
    names = ("bid", "ask", "bid_size", "ask_size", "signed_volume", "volume")
    bare = world.bars.with_columns(pl.lit(None, pl.Float64).alias(n) for n in names)
    state = market_state(bare, RULE)
    for name in (
        "order_book_imbalance",
        "bid_ask_spread",
        "market_impact_estimate",
        "top_of_book_size",
        "liquidity_score",
    ):
        assert state[name].null_count() == bare.height


def test_a_market_that_stands_still_gives_nulls_and_no_nan(world):
    still = world.bars.with_columns(close=pl.lit(5.0), signed_volume=pl.lit(0.0))
    state = market_state(still, RULE)
    floats = state.select(pl.col(pl.Float64).is_nan().any())
    assert not any(floats.row(0))
    for name in ("market_correlation", "market_impact_estimate"):
        assert state[name].null_count() == still.height
