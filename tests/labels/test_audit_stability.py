"""Stability under one tick and one second, where the answer is known."""

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_series_equal

from reference.label_market import HOUR, bars, decisions, random_decisions, walk
from tradeloop.clock import NS_PER_MINUTE, NS_PER_SECOND
from tradeloop.errors import InputError
from tradeloop.labels import LabelPlan, OutcomeRule, label
from tradeloop.labels.audit import stability, tick_sizes

PLAN = LabelPlan([HOUR])


def one_tick_oracle(market, row, tick, plan):
    """The class of one decision, all later prices moved by hand."""
    later = pl.col("received_ns") > row["received_ns"][0]
    own = pl.col("instrument") == row["instrument"][0]
    by = pl.when(later & own).then(tick).otherwise(0.0)
    moved = market.with_columns(pl.col("high", "low", "close") + by)
    return label(
        row,
        moved,
        horizons_ns=plan.horizons_ns,
        benchmark=plan.benchmark,
        rule=plan.rule,
        costs=plan.costs,
    )["decision_outcome"][0]


def test_only_the_class_within_a_tick_of_a_bound_flips():
    # Returns of 19.5 and 16 bps, bounds at 10 and 20; a tick is 1 bp of 100.
    market = pl.concat(
        [bars("NEAR", [100.0, 100.195, 100.195]), bars("FAR", [100.0, 100.16, 100.16])]
    )
    rows = decisions(("n", "NEAR", 1, 1), ("f", "FAR", 1, 1))
    found = stability(rows, market, plan=PLAN, ticks={"NEAR": 0.01, "FAR": 0.01})
    assert (found.rows, found.of) == (2, 2)
    assert found.share("tick_up") == 0.5
    assert found.share("tick_down") == 0.0
    assert found.share("tick_up", "below 1 bps") == 1.0
    assert found.share("tick_up", "below 5 bps") == 0.0
    assert found.share("any", "GOOD") == 0.5
    assert np.isnan(found.share("any", "BAD"))


def test_a_decision_a_second_before_a_price_flips_when_it_is_dated_later():
    market = bars("A", [100.0, 101.0, 101.0, 101.0])
    rows = decisions(("d", "A", 1, 2 - 0.5 / 3600))
    found = stability(rows, market, plan=PLAN, ticks={"A": 1e-9})
    assert found.share("second_later") == 1.0  # it knew the second price then
    assert found.share("second_earlier") == 0.0


@pytest.mark.parametrize("benchmark", [None, "I2"])
@pytest.mark.parametrize("unit", ["bps", "volatility"])
def test_flips_are_those_of_labelling_each_decision_by_hand(benchmark, unit):
    market = walk(1, 3, 120)
    plain = OutcomeRule(volatility_rows=10)
    wide = OutcomeRule(1.0, 0.5, -0.5, -1.0, 0.5, "volatility", volatility_rows=10)
    plan = LabelPlan([5 * HOUR], benchmark, plain if unit == "bps" else wide)
    rows = random_decisions(2, market, 120)
    tick = 0.05  # some 5 bps, so that many flip
    found = stability(
        rows, market, plan=plan, ticks=dict.fromkeys(("I0", "I1", "I2"), tick)
    )
    before = label(
        rows, market, horizons_ns=plan.horizons_ns, benchmark=benchmark, rule=plan.rule
    )
    known = before["decision_outcome"].is_not_null()
    assert found.rows == known.sum() > 20
    for change, sign in (("tick_up", 1), ("tick_down", -1)):
        flipped = sum(
            one_tick_oracle(market, rows[k], sign * tick, plan)
            != before["decision_outcome"][k]
            for k in np.flatnonzero(known.to_numpy()).tolist()
        )
        row = found.table.filter(change=change, group="all")
        assert row["flipped"][0] == flipped
        assert flipped > 0


def test_groups_are_parts_of_all():
    market = walk(3, 2, 300)
    found = stability(random_decisions(4, market, 200), market, plan=PLAN).table
    for change in found["change"].unique():
        part = found.filter(change=change)
        whole = part.filter(group="all").row(0, named=True)
        for kind in (
            part["group"].str.contains("bps"),
            part["group"].str.contains("^[A-Z]"),
        ):
            sums = part.filter(kind).select("rows", "flipped", "lost").sum().row(0)
            assert sums == (whole["rows"], whole["flipped"], whole["lost"])


def test_a_sample_is_taken_evenly_in_time():
    market = walk(5, 1, 400)
    rows = random_decisions(6, market, 300)
    found = stability(rows, market, plan=PLAN, at_most=50)
    assert found.rows == 50
    assert found.of > 150
    assert found.as_mapping()["table"][0]["rows"] == 50


def test_without_a_labelled_decision_there_is_nothing_to_move():
    market = bars("A", [100.0])
    found = stability(decisions(("d", "A", 1, 1)), market, plan=PLAN, ticks={"A": 1.0})
    assert found.rows == 0
    assert np.isnan(found.share())


def test_the_tick_is_the_least_step_that_occurred():
    market = pl.concat([bars("A", [100.0, 100.25, 101.0]), bars("B", [5.0, 5.0])])
    assert tick_sizes(market) == {"A": 0.25}
    rows = decisions(("d", "B", 1, 1))
    with pytest.raises(InputError, match="no tick of 'B'"):
        stability(rows, bars("B", [5.0, 5.0]), plan=PLAN)


@pytest.mark.realdata
def test_real_ticks_flip_most_near_the_bounds(market_data):
    raw = pl.read_parquet(market_data / "fx" / "ticks_oanda_eurusd.parquet")
    time = pl.col("ts").cast(pl.Int64)
    quotes = raw.head(60_000).select(
        "bid", "ask", instrument="symbol", event_ns=time, received_ns=time
    )
    generator = np.random.default_rng(3)
    rows = pl.DataFrame(
        {
            "decision_id": [f"d{k}" for k in range(600)],
            "instrument": ["EURUSD"] * 600,
            "side": generator.choice([-1, 1], 600).astype(np.int8),
            "received_ns": generator.choice(quotes["received_ns"].to_numpy(), 600) + 1,
        }
    )
    rule = OutcomeRule(4.0, 1.0, -1.0, -4.0, 1.0)
    plan = LabelPlan([15 * NS_PER_MINUTE], rule=rule, wait_ns=60 * NS_PER_SECOND)
    nothing = bars("EURUSD", [])
    assert tick_sizes(nothing, quotes)["EURUSD"] == pytest.approx(1e-5)
    found = stability(rows, nothing, quotes, plan=plan)
    near, far = (found.share("any", f"below {most} bps") for most in (1, 10))
    assert near > 0.02
    assert far == 0.0
    assert 0 < found.share("tick_up") < 0.1


def test_moving_by_nothing_changes_nothing():
    market = walk(7, 3, 200)
    rows = random_decisions(8, market, 150)
    ticks = dict.fromkeys(("I0", "I1", "I2"), 0.0)
    found = stability(
        rows, market, plan=LabelPlan([HOUR], "I2"), ticks=ticks, step_ns=0
    )
    shares = found.table.filter(group="all")["share"]
    assert_series_equal(shares, pl.Series("share", [0.0] * 5))
