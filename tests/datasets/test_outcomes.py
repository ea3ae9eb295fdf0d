"""The label record with fills: execution truth in the contract's measures."""

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labels.execution.given import bars, decision, fills, orders
from tradeloop.capture import fills_of, read_decisions, read_market, resolve
from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR
from tradeloop.costs import CostModel
from tradeloop.datasets import outcome_labels
from tradeloop.datasets.outcomes import Execution
from tradeloop.labels import label

H = 4 * NS_PER_HOUR
COSTS = CostModel(half_spread_bps=2.0, commission_bps=1.0)
FACTORS = [
    "benchmark_bps",
    "outperformance_bps",
    "delay_bps",
    "execution_bps",
    "opportunity_bps",
    "fees_bps",
    "cost_bps",
]


def hourly(*closes, instrument="A.X"):
    """Bars of an hour from the first on; each opens where the last one closed."""
    rows, last = [], closes[0]
    for k, close in enumerate(closes):
        ends = (k * NS_PER_HOUR, (k + 1) * NS_PER_HOUR)
        rows.append((*ends, last, max(last, close), min(last, close), close, 10.0))
        last = close
    return bars(*rows, instrument=instrument)


MARKET = hourly(100.0, 100.0, 101.0, 102.0, 104.0, 105.0, 110.0)
AT = 2 * NS_PER_HOUR  # the price is 100, four hours later 105 - then 110 follows


def record(done, asked=None, market=MARKET, *, costs=COSTS, benchmark=None, **known):
    asked = decision(AT) if asked is None else asked
    made = label(asked, market, horizons_ns=[H], costs=costs, benchmark=benchmark)
    frame = outcome_labels(
        asked,
        made,
        pl.Series([50.0] * asked.height),
        fills=done,
        interval_ns=NS_PER_HOUR,
        execution=Execution(costs=costs, **known),
    )
    assert frame.height == asked.height
    return frame.row(0, named=True)


def factors(row):
    return json.loads(row["attribution_factors"])


def filled(*rows, side=1):
    return fills(*((AT + at, *rest) for at, *rest in rows), side=side)


def test_fills_replace_the_entry_of_the_cost_model_and_leave_it_the_way_out():
    row = record(filled((1, 101.0, 3.0, 0.3), (2, 100.0, 1.0, 0.1)))
    told = factors(row)
    assert list(told) == FACTORS
    assert told["outperformance_bps"] == pytest.approx(500.0)
    assert told["execution_bps"] == pytest.approx(-75.0)
    assert told["fees_bps"] == pytest.approx(-10.0)
    assert told["cost_bps"] == pytest.approx(-3.0)
    assert told["delay_bps"] == told["opportunity_bps"] == 0.0
    assert row["execution_quality"] == pytest.approx(-75.0)
    assert row["cost_efficiency"] == pytest.approx(500 / 588)
    assert row["attributed_bps"] == pytest.approx(412.0)
    assert row["fill_suspect"] is False


def test_what_was_left_unfilled_is_missed_and_pays_no_way_out():
    told = orders(
        (AT + 1, "o", "sent", 10.0, {"arrival_ns": AT + 1, "arrival_price": 100.5})
    )
    row = record(filled((2, 101.0, 4.0, 0.0)), orders=told)
    parts = factors(row)
    assert parts["delay_bps"] == pytest.approx(-0.4 * 50)
    assert parts["execution_bps"] == pytest.approx(-0.4 * 50)
    assert parts["opportunity_bps"] == pytest.approx(-0.6 * 500)
    assert parts["cost_bps"] == pytest.approx(-0.4 * 3)
    # 4 units from 101 to 105, less the way out, on a paper of 1,000.
    assert row["attributed_bps"] == pytest.approx(1e4 * 16 / 1000 - 1.2)
    assert row["execution_quality"] == pytest.approx(-100.0)


@given(
    st.sampled_from([-1, 1]),
    st.lists(
        st.tuples(st.floats(95, 105), st.floats(0.1, 100), st.floats(0, 5)),
        min_size=1,
        max_size=4,
    ),
    st.floats(0, 2),
    st.sampled_from([0.0, 500.0]),
    st.sampled_from([None, "B.X"]),
)
def test_the_attribution_adds_up_to_the_bit_to_what_the_position_earned(
    side, rows, more, financing, benchmark
):
    costs = CostModel(2.0, 1.0, financing_bps_per_year=financing)
    quantity = sum(q for _, q, _ in rows)
    wanted = quantity * (1 + more)
    done = filled(*((k + 1, *row) for k, row in enumerate(rows)), side=side)
    market = pl.concat([MARKET, hourly(*[50.0] * 3, *[51.0] * 4, instrument="B.X")])
    row = record(
        done,
        decision(AT, side),
        market,
        costs=costs,
        benchmark=benchmark,
        orders=orders((AT + 1, "o", "sent", wanted, {}), side=side),
    )
    assert sum(factors(row).values()) == row["attributed_bps"]
    earned = sum(side * q * (105.0 - p) - f for p, q, f in rows)
    way_out = 3.0 + costs.financing_bps(H)
    expected = 1e4 * earned / (wanted * 100.0) - way_out * quantity / wanted
    assert row["attributed_bps"] == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert 0 <= row["cost_efficiency"] <= 1


def test_fees_that_nobody_told_are_no_factor():
    row = record(filled((1, 101.0, 3.0)))
    assert list(factors(row)) == [name for name in FACTORS if name != "fees_bps"]
    assert sum(factors(row).values()) == row["attributed_bps"]


def test_a_decision_without_fills_is_measured_as_before_beside_others_that_have_some():
    both = pl.concat([decision(AT), decision(AT, decision_id="e")])
    nothing = record(None, both)
    kept = record(
        filled((1, 101.0, 1.0, 0.0)).with_columns(decision_id=pl.lit("e")), both
    )
    assert {name: kept[name] for name in nothing} == nothing
    assert kept["fill_suspect"] is None
    assert kept["attributed_bps"] == pytest.approx(500.0 - 6.0)
    assert set(kept) - set(nothing) == {
        "attributed_bps",
        "fill_suspect",
        "fill_suspect_reason",
    }


@pytest.mark.parametrize("price", [99.0, 111.0])
def test_a_decision_with_a_suspect_fill_claims_no_execution(price):
    row = record(filled((1, 100.5, 1.0, 0.0), (2, price, 1.0, 0.0)), bars=MARKET)
    assert row["fill_suspect"] is True
    assert row["fill_suspect_reason"] == "outside_bar"
    assert row["execution_quality"] is None
    modelled = record(None)
    for name in ("cost_efficiency", "attribution_factors"):
        assert row[name] == modelled[name]


def test_a_benchmark_that_rose_is_no_cost():
    market = pl.concat([MARKET, hourly(*[50.0] * 3, *[51.0] * 4, instrument="B.X")])
    row = record(None, market=market, benchmark="B.X")
    told = factors(row)
    assert told["benchmark_bps"] == pytest.approx(200.0)
    assert told["outperformance_bps"] == pytest.approx(300.0)
    assert told["cost_bps"] == pytest.approx(-6.0)
    assert row["cost_efficiency"] == pytest.approx(500 / 506)
    assert sum(told.values()) == pytest.approx(500.0 - 6.0)


def test_a_record_was_known_no_earlier_than_its_last_fill_and_order():
    late = filled((1, 100.5, 1.0)).with_columns(
        received_ns=pl.lit(50 * NS_PER_HOUR, pl.Int64)
    )
    assert record(None)["end_ns"] == AT + H
    assert record(filled((1, 100.5, 1.0)))["end_ns"] == AT + H
    assert record(late)["end_ns"] == 50 * NS_PER_HOUR
    told = orders((AT + 1, "o", "sent", 1.0, {"received_ns": 60 * NS_PER_HOUR}))
    assert record(late, orders=told)["end_ns"] == 60 * NS_PER_HOUR


def test_fills_of_the_way_back_do_not_count_as_the_way_in():
    there = filled((1, 101.0, 1.0))
    back = filled((9, 104.0, 1.0), side=-1).with_columns(fill_id=pl.lit("back"))
    row = record(pl.concat([there, back]))
    assert row["execution_quality"] == pytest.approx(-100.0)


def test_a_decision_not_to_trade_has_no_execution():
    row = record(filled((1, 101.0, 1.0, 0.0)), decision(AT, 0))
    assert row["execution_quality"] is None
    assert row["attribution_factors"] is None or "delay_bps" not in factors(row)


@pytest.mark.realdata
def test_suspect_fills_of_the_agents_are_told_in_their_label_records(market_data):
    path = market_data / "decisions" / "agent_decisions_us.parquet"
    market = read_market([market_data / "equity" / "bars_1h_us.parquet"]).bars
    asked, _ = resolve(read_decisions(path).rows, market, stale_after_ns=NS_PER_DAY)
    asked = asked.filter(pl.col("side") != 0)
    done = fills_of(path).rows
    made = label(asked, market, horizons_ns=[5 * NS_PER_HOUR], costs=COSTS)
    frame = outcome_labels(
        asked,
        made,
        pl.Series(np.full(asked.height, 50.0)),
        fills=done,
        interval_ns=NS_PER_HOUR,
        execution=Execution(bars=market, costs=COSTS),
    ).filter(pl.col("decision_outcome").is_not_null())
    suspect = frame.filter("fill_suspect")
    assert 0 < suspect.height <= 123
    assert suspect["execution_quality"].null_count() == suspect.height
    sound = frame.filter(~pl.col("fill_suspect"))
    assert sound["execution_quality"].null_count() == 0
    assert sound.height > 100
    for text, total in frame.select(
        "attribution_factors", "attributed_bps"
    ).iter_rows():
        assert sum(json.loads(text).values()) == total
