"""Bounds as rules: in bps or in volatility, before or after costs."""

import math

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from reference.label_market import HOUR, bars, decisions, random_decisions, walk
from tradeloop.costs import CostModel
from tradeloop.errors import InputError
from tradeloop.labels import OutcomeRule, label

VOLATILITIES = {
    "excellent_bps": 1.0,
    "good_bps": 0.5,
    "poor_bps": -0.5,
    "bad_bps": -1.0,
    "neutral_bps": 0.25,
    "unit": "volatility",
}
RULE = OutcomeRule(**VOLATILITIES, volatility_rows=20)
COSTS = CostModel(2.0, 1.0)  # 6 bps there and back


def market():
    return walk(7, 3, 300)


def by_hand(bps, rule, unit_bps):
    if bps > rule.excellent_bps * unit_bps:
        return "EXCELLENT"
    if bps > rule.good_bps * unit_bps:
        return "GOOD"
    if bps >= rule.poor_bps * unit_bps:
        return "NEUTRAL"
    return "POOR" if bps >= rule.bad_bps * unit_bps else "BAD"


@pytest.mark.parametrize(
    ("rule", "unit"),
    [(RULE, "volatility"), (OutcomeRule(volatility_rows=20), "bps")],
    ids=["volatility", "bps"],
)
def test_classes_before_and_after_costs_at_each_horizon_by_the_bounds_in_force(
    rule, unit
):
    requests = random_decisions(8, market(), 400)
    horizons = {"horizons_ns": [5 * HOUR, 2 * HOUR], "rule": rule, "costs": COSTS}
    frame = label(requests, market(), **horizons)
    seen = set()
    for row in frame.filter(state="labelled").iter_rows(named=True):
        for h in ("5h", "2h"):
            unit_bps = 1.0 if unit == "bps" else 1e4 * row[f"volatility_{h}"]
            gross, net = row[f"outperformance_bps_{h}"], row[f"net_bps_{h}"]
            assert row[f"outcome_{h}"] == by_hand(gross, rule, unit_bps)
            assert row[f"net_outcome_{h}"] == by_hand(net, rule, unit_bps)
            band = rule.neutral_bps * unit_bps / 1e4
            value = row[f"return_{h}"]
            assert row[f"direction_{h}"] == (value > band) - (value < -band)
            seen.add((row[f"outcome_{h}"], row[f"net_outcome_{h}"]))
        assert row["decision_outcome"] == row["outcome_5h"]
    assert len({gross for gross, _ in seen}) == 5
    assert any(gross != net for gross, net in seen)


def test_graded_net_takes_the_class_after_costs_and_changes_nothing_else():
    requests = random_decisions(9, market(), 200)
    terms = {"horizons_ns": [5 * HOUR, HOUR], "costs": COSTS}
    gross = label(requests, market(), **terms)
    net = label(requests, market(), **terms, rule=OutcomeRule(graded="net"))
    assert (
        net["decision_outcome"].drop_nulls() == net["net_outcome_5h"].drop_nulls()
    ).all()
    assert (
        net["decision_outcome"].null_count() == gross["decision_outcome"].null_count()
    )
    assert not net["decision_outcome"].equals(gross["decision_outcome"])
    assert_frame_equal(net.drop("decision_outcome"), gross.drop("decision_outcome"))


def test_the_same_move_is_good_where_it_is_calm_and_neutral_where_it_is_wild():
    def outcome(swing):
        closes = [100.0, 100 + swing] * 15 + [100.0, 100.5]
        frame = label(
            decisions(("d", "A", 1, 31)),
            bars("A", closes),
            horizons_ns=[HOUR],
            rule=RULE,
        )
        return frame["decision_outcome"][0]

    assert outcome(0.1) == "EXCELLENT"
    assert outcome(2.0) == "NEUTRAL"


def test_without_a_volatility_a_decision_is_censored_with_the_reason():
    requests, prices = decisions(("d", "A", 1, 2)), bars("A", [100, 101, 102, 103])
    row = label(requests, prices, horizons_ns=[HOUR], rule=RULE).row(0, named=True)
    assert row["state"] == "censored"
    assert "volatility" in row["reason"]
    assert row["return_1h"] is not None
    for name in ("decision_outcome", "outperformance_bps_1h", "direction_1h"):
        assert row[name] is None


def test_a_decision_later_than_the_as_of_time_waits_for_its_volatility_too():
    requests, prices = decisions(("d", "A", 1, 2)), bars("A", [100, 101, 102])
    frame = label(requests, prices, horizons_ns=[HOUR], rule=RULE, as_of_ns=HOUR)
    assert frame["state"].to_list() == ["pending"]


def test_bounds_of_one_volatility_equal_the_same_bounds_in_bps():
    closes = [100.0, 101.0] * 15 + [100.0]
    unit_bps = 1e4 * np.std(np.log(1.01) * np.array([-1, 1] * 10), ddof=1)
    for move in np.linspace(-1.2, 1.2, 25) * unit_bps:
        prices = bars("A", [*closes, 100 * (1 + move / 1e4)])
        requests = decisions(("d", "A", 1, 31))
        scaled = {
            name: value * unit_bps
            for name, value in VOLATILITIES.items()
            if name != "unit"
        }
        one = label(requests, prices, horizons_ns=[HOUR], rule=RULE)
        plain = OutcomeRule(**scaled, volatility_rows=20)
        other = label(requests, prices, horizons_ns=[HOUR], rule=plain)
        assert one["volatility_1h"][0] * 1e4 == pytest.approx(unit_bps)
        if min(abs(abs(move / unit_bps) - bound) for bound in (0.25, 0.5, 1)) > 1e-6:
            assert_frame_equal(one, other)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"unit": "pips"}, "must be bps or volatility"),
        ({"graded": "both"}, "must be gross or net"),
        ({"unit": 3}, "unit"),
        ({"profit_barrier": 0}, "profit_barrier must be above 0"),
        ({"stop_barrier": -1.0}, "stop_barrier must be above 0"),
        ({"stop_barrier": math.inf}, "finite"),
        ({"volatility_rows": 1}, "whole number of at least 2"),
        ({"volatility_rows": 10.5}, "whole number of at least 2"),
        ({"unit": "volatility"}, "at most 9 times"),
        ({**VOLATILITIES, "neutral_bps": 10}, "neutral_bps must be at most 9"),
    ],
)
def test_rules_that_cannot_be_meant_are_refused(given, told):
    with pytest.raises(InputError, match=told):
        OutcomeRule.from_mapping(given)


def test_a_rule_in_volatility_survives_the_way_through_a_mapping_of_plain_values():
    rule = OutcomeRule(**VOLATILITIES, graded="net", volatility_rows=30, stop_barrier=2)
    told = rule.as_mapping()
    assert OutcomeRule.from_mapping(told) == rule
    assert {type(value) for value in told.values()} == {float, str}
    assert isinstance(OutcomeRule.from_mapping(told).volatility_rows, int)


def test_default_rules_take_no_volatility_into_the_classes():
    requests, prices = random_decisions(3, market(), 100), market()
    frames = [
        label(requests, prices, horizons_ns=[HOUR], rule=OutcomeRule(volatility_rows=n))
        for n in (5, 50)
    ]
    looked_back = pl.selectors.starts_with("barrier", "volatility")
    assert_frame_equal(*(frame.drop(looked_back) for frame in frames))
    assert not frames[0]["volatility_1h"].equals(frames[1]["volatility_1h"])
