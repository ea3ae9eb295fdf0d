"""Execution truth on real fills, on real quotes, and where the truth is known."""

import numpy as np
import polars as pl
import pytest

from tradeloop.capture import fills_of, read_decisions, read_fills, read_market
from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE, NS_PER_SECOND
from tradeloop.events import BAR, DECISION, FILL
from tradeloop.labels.execution import ExecutionRule, execution_truth, fill_truth
from tradeloop.simulation import shipped, simulate

HOUR = [NS_PER_HOUR]
OCTOBER_31_NS = 1_761_868_800 * NS_PER_SECOND


@pytest.fixture(scope="module")
def agents(market_data):
    path = market_data / "decisions" / "agent_decisions_us.parquet"
    bars = read_market([market_data / "equity" / "bars_1h_us.parquet"]).bars
    return read_decisions(path).rows, fills_of(path).rows, bars


@pytest.mark.realdata
def test_123_of_the_agents_299_fills_are_suspect_all_before_october_31(agents):
    decisions, fills, bars = agents
    told = fill_truth(fills, bars, horizons_ns=HOUR, decisions=decisions)
    assert told.height == 299
    assert told["left_out"].null_count() == 299
    suspect = told.filter("fill_suspect")
    assert suspect.height == 123
    assert (suspect["event_ns"] < OCTOBER_31_NS).all()
    counted = dict(suspect["fill_suspect_reason"].value_counts().iter_rows())
    assert set(counted) == {"outside_bar", "stale_price"}
    # From then on the price is the open of the bar of its hour.
    honest = told.filter(pl.col("event_ns") >= OCTOBER_31_NS)
    assert (honest["price_is"] == "open").sum() > 0.9 * honest.height


@pytest.mark.realdata
def test_decisions_of_suspect_fills_say_so(agents):
    decisions, fills, bars = agents
    told = execution_truth(decisions, fills, bars, horizons_ns=HOUR)
    assert told.height == fills["decision_id"].n_unique() == told["fills"].sum()
    assert told["fill_suspect"].sum() == 123
    assert (told["fill_suspect_reason"].is_not_null() == told["fill_suspect"]).all()
    assert told["effective_bps"].null_count() == told.height  # there are no quotes
    assert told["fees"].null_count() == told.height  # nobody states any
    known = told.drop_nulls("shortfall_before_fees_bps")
    parts = known["delay"] + known["execution"] + known["opportunity"]
    gap = (known["shortfall_before_fees"] - parts).abs()
    assert (gap <= 1e-12 * known["quantity"] * known["decision_price"]).all()
    # Looked at as given, they would claim to have beaten the market by far.
    claimed = told.group_by("fill_suspect").agg(
        pl.col("shortfall_before_fees_bps").abs().median()
    )
    size = dict(claimed.iter_rows())
    assert size[True] > 2 * size[False]


@pytest.mark.realdata
def test_six_years_of_transactions_know_their_close_and_nothing_that_nobody_told(
    market_data,
):
    fills = read_fills(market_data / "decisions" / "backtest_transactions.parquet").rows
    # No market of these years is at hand: the day's own transactions make the bars.
    day = (pl.col("event_ns") // NS_PER_DAY) * NS_PER_DAY
    price = pl.col("price")
    bars = BAR.conform(
        fills.group_by("instrument", open_ns=day)
        .agg(open=price.first(), high=price.max(), low=price.min(), close=price.last())
        .with_columns(event_ns=pl.col("open_ns") + NS_PER_DAY)
        .with_columns(received_ns="event_ns")
        .sort("instrument", "open_ns")
    )
    told = fill_truth(fills, bars, horizons_ns=[5 * NS_PER_DAY])
    assert told.height == 9_367
    assert told["fill_suspect"].sum() == 0
    assert told["left_out"].null_count() == told.height
    name = "markout_bps_5d"
    assert told[name].null_count() < told.height / 2
    assert told[name].drop_nulls().abs().median() > 1.0
    moved = bars.with_columns(low=pl.col("high") * 2, high=pl.col("high") * 3)
    assert fill_truth(fills, moved, horizons_ns=HOUR)["fill_suspect"].all()


@pytest.fixture(scope="module")
def eurusd(market_data):
    path = market_data / "fx" / "ticks_oanda_eurusd.parquet"
    return read_market([path]).quotes.head(60_000)


def touched(quotes, n, seed):
    """Decisions at real quotes, each filled at once at the touch, in two halves."""
    rng = np.random.default_rng(seed)
    row = np.sort(rng.choice(quotes.height - 10_000, n, replace=False)) + 1
    at = quotes["received_ns"].to_numpy()[row]
    side = rng.choice([-1, 1], n)
    # What stands at a moment is the last quote of it.
    last = np.searchsorted(quotes["received_ns"].to_numpy(), at, side="right") - 1
    bid, ask = (quotes[name].to_numpy()[last] for name in ("bid", "ask"))
    ids = [f"d{k}" for k in range(n)]
    decisions = DECISION.conform(
        pl.DataFrame(
            {
                "decision_id": ids,
                "strategy": "touch",
                "instrument": quotes["instrument"][0],
                "side": side,
                "event_ns": at,
                "received_ns": at,
            }
        )
    )
    one = decisions.select(
        "decision_id", "instrument", "side", "event_ns", "received_ns"
    ).with_columns(
        price=pl.Series(np.where(side > 0, ask, bid)), quantity=500.0, fees=0.01
    )
    halves = [one.with_columns(fill_id=pl.col("decision_id") + h) for h in "ab"]
    return decisions, FILL.conform(pl.concat(halves)), (bid + ask) / 2, ask - bid


@pytest.mark.realdata
def test_who_takes_the_touch_of_real_quotes_pays_the_quoted_spread(eurusd):
    decisions, fills, mid, spread = touched(eurusd, 2_000, 1)
    horizons = [NS_PER_SECOND, NS_PER_MINUTE]
    told = execution_truth(decisions, fills, BAR.empty(), eurusd, horizons_ns=horizons)
    assert not told["fill_suspect"].any()
    quoted = 1e4 * spread / mid
    assert np.allclose(told["effective_bps"], quoted, rtol=1e-9)
    # Taken at once, all of the shortfall is half the spread, and the fees.
    assert told["delay"].abs().max() == 0.0
    half = told["shortfall_before_fees_bps"].to_numpy()
    assert np.allclose(half, quoted / 2, rtol=1e-9)
    assert np.allclose(told["fees_bps"], 1e4 * 0.02 / (1000 * mid), rtol=1e-9)
    for h in ("1s", "1m"):
        whole = told[f"realised_bps_{h}"] + told[f"impact_bps_{h}"]
        scale = told[f"realised_bps_{h}"].abs() + told[f"impact_bps_{h}"].abs()
        assert ((told["effective_bps"] - whole).abs() <= 1e-12 * scale).all()
        assert told[f"markout_bps_{h}"].null_count() == 0
        # Random sides have no impact: they lose half the spread, give or take.
        gap = told[f"impact_bps_{h}"].to_numpy()
        assert abs(gap.mean()) < 4 * gap.std() / np.sqrt(gap.size)


@pytest.mark.realdata
def test_who_is_filled_below_the_bid_of_real_quotes_is_found(eurusd):
    decisions, fills, _, spread = touched(eurusd, 500, 2)
    wide = float(spread.max())
    better = fills.with_columns(price=pl.col("price") - pl.col("side") * 2 * wide)
    told = execution_truth(decisions, better, BAR.empty(), eurusd, horizons_ns=HOUR)
    assert told["fill_suspect"].all()
    assert set(told["fill_suspect_reason"]) == {"better_than_market"}


@pytest.fixture(scope="module")
def simulated():
    return simulate(shipped("fx"), days=3.0, seed=5)


def measured(market, **terms):
    frames = market.frames
    rule = ExecutionRule(own_on_tape=False, session_end_ns=None, **terms)
    return execution_truth(
        frames["decisions"],
        frames["fills"],
        BAR.empty(),
        frames["quotes"],
        frames["orders"],
        horizons_ns=[NS_PER_SECOND, NS_PER_MINUTE],
        rule=rule,
    ).join(market.truth["orders"], on="decision_id", suffix="_true")


def test_the_shortfall_of_a_simulated_market_is_its_truth_part_by_part(simulated):
    found = measured(simulated, clock="event")
    assert found.height == simulated.frames["decisions"].height > 1_000
    assert not found["fill_suspect"].any()
    assert (found["arrival_from"] == "order").all()
    assert (found["opportunity"] == 0.0).all()
    truth = {
        "delay_bps": found["delay_bps_true"],
        "execution_bps": found["timing_bps"]
        + found["spread_bps"]
        + found["impact_bps"],
        "fees_bps": found["fees_bps_true"],
        "shortfall_bps": found["shortfall_bps_true"],
    }
    for name, expected in truth.items():
        # The simulator counts in ticks; prices near 1 carry 1e-16 of themselves.
        assert (found[name] - expected).abs().max() < 1e-10, name


def test_the_effective_spread_finds_the_known_spread_and_impact(simulated):
    found = measured(simulated, clock="event")
    known = found["spread_bps"] + found["impact_bps"]
    in_mid_of_fill = found["fill_price"] / found["decision_mid"]
    gap = found["effective_bps"] / 2 - known / in_mid_of_fill
    assert gap.abs().max() < 1e-3 * known.abs().max()
    assert found["effective_bps"].mean() / 2 == pytest.approx(known.mean(), rel=1e-3)


def test_orders_that_leave_no_trace_show_impact_only_of_who_knew_the_future(simulated):
    # The simulator's orders do not move the market: what impact is measured is alpha.
    found = measured(simulated).join(
        simulated.frames["decisions"].select("decision_id", "strategy"),
        on="decision_id",
    )
    coin = found.filter(strategy="coin")["impact_bps_1m"].drop_nulls().to_numpy()
    assert abs(coin.mean()) < 4 * coin.std() / np.sqrt(coin.size)


def test_on_the_clock_of_receipt_mids_are_older_by_the_latency_and_no_more(simulated):
    venue, ours = measured(simulated, clock="event"), measured(simulated)
    gap = (venue["effective_bps"] - ours["effective_bps"]).abs()
    assert (gap < 1e-9).mean() > 0.95
    parts = ours["delay_bps"] + ours["execution_bps"] + ours["fees_bps"]
    whole = parts + ours["opportunity_bps"]
    assert (ours["shortfall_bps"] - whole).abs().max() < 1e-10
