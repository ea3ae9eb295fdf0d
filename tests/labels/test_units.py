"""The labels themselves: bounds, directions, returns, excursions."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.label_market import rows_of
from reference.labels import (
    direction_oracle,
    excursion_oracle,
    horizon_return_oracle,
    outcome_oracle,
)
from tradeloop.clock import NS_PER_DAY
from tradeloop.costs import CostModel
from tradeloop.errors import InputError
from tradeloop.labels import (
    Direction,
    Excursion,
    HorizonReturn,
    LabelPlan,
    Outcome,
    OutcomeRule,
    direction_of,
    outcome_of,
)
from tradeloop.labels.excursion import extreme
from tradeloop.labels.outcome import WORDS
from tradeloop.labels.scenes import random_scene
from tradeloop.labels.span import VERDICTS, span

RULE = OutcomeRule()


def words(codes):
    return [None if math.isnan(code) else WORDS[int(code) + 2] for code in codes]


@pytest.mark.parametrize(
    ("bps", "word"),
    [
        (math.nextafter(20, 99), "EXCELLENT"),
        (20.0, "GOOD"),
        (math.nextafter(10, 99), "GOOD"),
        (10.0, "NEUTRAL"),
        (0.0, "NEUTRAL"),
        (-10.0, "NEUTRAL"),
        (math.nextafter(-10, -99), "POOR"),
        (-20.0, "POOR"),
        (math.nextafter(-20, -99), "BAD"),
        (math.inf, "EXCELLENT"),
        (math.nan, None),
    ],
)
def test_each_bound_belongs_to_the_class_that_the_requirement_names(bps, word):
    assert words(outcome_of(np.array([bps]), RULE)) == [word]


def test_fractional_bounds_are_compared_without_rounding():
    rule = OutcomeRule(excellent_bps=2.5, good_bps=0.5, poor_bps=-0.5, bad_bps=-2.5)
    found = outcome_of(np.array([2.5, 2.5000000001, 0.5, -0.5, -2.5, -2.51]), rule)
    expected = ["GOOD", "EXCELLENT", "NEUTRAL", "NEUTRAL", "POOR", "BAD"]
    assert words(found) == expected


@given(st.floats(-100, 100))
def test_the_class_of_the_opposite_outperformance_is_the_opposite_class(bps):
    one, other = outcome_of(np.array([bps, -bps]), RULE)
    assert one == -other


@given(st.floats(-100, 100))
def test_classes_equal_the_words_of_the_requirement(bps):
    value = bps / 1e4
    gross, word = outcome_oracle(1, value, 0.0)
    assert words(outcome_of(np.array([gross]), RULE)) == [word]


@pytest.mark.parametrize(
    ("value", "found"),
    [(0.001, 0), (0.0011, 1), (-0.001, 0), (-0.0011, -1), (0.0, 0)],
)
def test_directions_are_nothing_within_the_neutral_band_bounds_included(value, found):
    assert direction_of(np.array([value]), 10.0).tolist() == [found]
    assert direction_oracle(value, 10.0) == found


def test_a_direction_of_nothing_known_is_missing_and_not_neutral():
    assert np.isnan(direction_of(np.array([np.nan]), 10.0)).all()


@pytest.mark.parametrize(
    "bounds",
    [
        {"good_bps": 20.0},
        {"poor_bps": 11.0},
        {"bad_bps": 20.0},
        {"excellent_bps": float("nan")},
        {"bad_bps": float("-inf")},
        {"neutral_bps": -1.0},
        {"good_bps": True},
    ],
)
def test_bounds_that_do_not_rise_or_are_not_finite_are_refused(bounds):
    with pytest.raises(InputError):
        OutcomeRule.from_mapping(bounds)


def test_a_rule_survives_the_way_through_a_mapping():
    rule = OutcomeRule(excellent_bps=50, neutral_bps=2.5)
    assert OutcomeRule.from_mapping(rule.as_mapping()) == rule


def test_an_unknown_bound_is_refused_with_the_nearest_known_one():
    with pytest.raises(InputError, match="did you mean 'good_bps'"):
        OutcomeRule.from_mapping({"goood_bps": 3})


@pytest.mark.parametrize("horizons", [[], [0], [-5], [5, 5]])
def test_horizons_must_be_there_above_0_and_different(horizons):
    with pytest.raises(InputError, match="horizons_ns"):
        LabelPlan(horizons)


def test_a_negative_wait_is_refused():
    with pytest.raises(InputError, match="wait_ns"):
        LabelPlan([5], wait_ns=-1)


windows = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=30
)


@given(st.lists(st.floats(-5, 5), min_size=40, max_size=40), windows)
@settings(max_examples=100, deadline=None)
def test_extremes_of_windows_equal_those_of_slices(values, windows):
    first = np.array([min(pair) for pair in windows])
    stop = np.array([max(pair) for pair in windows])
    high = extreme(np.array(values), first, stop, np.maximum)
    low = extreme(np.array(values), first, stop, np.minimum)
    for k, (begin, end) in enumerate(zip(first, stop, strict=True)):
        part = values[begin:end]
        assert (None if np.isnan(high[k]) else high[k]) == max(part, default=None)
        assert (None if np.isnan(low[k]) else low[k]) == min(part, default=None)


def cut(scene, **changes):
    return span(
        scene.decision_ns,
        scene.side,
        scene.path,
        horizon_ns=scene.horizon_ns,
        plan=scene.plan,
        benchmark=scene.benchmark,
        **changes,
    )


def none(value):
    return None if np.isnan(value) else float(value)


@pytest.mark.parametrize("kind", ["bar", "tick"])
@pytest.mark.parametrize("with_benchmark", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_every_label_equals_its_slow_oracle_on_random_markets(
    seed, kind, with_benchmark
):
    scene = random_scene(seed, kind, benchmark=with_benchmark, decisions=60)
    part = cut(scene)
    back = HorizonReturn().label(part).values["return"]
    way = Direction().label(part).values["direction"]
    swing = Excursion().label(part).values
    outcome = Outcome().label(part).values
    rows = rows_of(scene.path)
    other = rows_of(scene.benchmark) if with_benchmark else None
    wait = scene.plan.wait_ns
    for k, (t, side) in enumerate(zip(scene.decision_ns, scene.side, strict=True)):
        due = t + scene.horizon_ns
        value = horizon_return_oracle(rows, t, due, wait)
        assert none(back[k]) == value
        assert none(way[k]) == direction_oracle(value, 10)
        gain, loss = excursion_oracle(rows, int(side), t, due, wait)
        assert none(swing["max_gain"][k]) == gain
        assert none(swing["max_loss"][k]) == loss
        base = 0.0
        if other is not None:
            base = horizon_return_oracle(other, t, due, wait)
        bps, word = outcome_oracle(int(side), value, base)
        assert none(outcome["outperformance_bps"][k]) == bps
        assert words([outcome["decision_outcome"][k]]) == [word]


def test_net_is_gross_less_both_trades_and_the_financing_of_the_time_held():
    scene = random_scene(1, "bar")
    costs = CostModel(1.0, 0.5, financing_bps_per_year=365.0)
    plan = LabelPlan([scene.horizon_ns], costs=costs, wait_ns=scene.plan.wait_ns)
    part = span(
        scene.decision_ns,
        scene.side,
        scene.path,
        horizon_ns=scene.horizon_ns,
        plan=plan,
    )
    values = Outcome().label(part).values
    gross, net = values["outperformance_bps"], values["net_bps"]
    known = np.isfinite(gross)
    held_days = (part.leg.exit_ns - scene.decision_ns)[known] / NS_PER_DAY
    assert known.sum() > 3
    np.testing.assert_allclose(gross[known] - net[known], 3.0 + held_days, rtol=1e-12)


def test_the_path_never_gains_less_than_nothing_nor_loses_more():
    for seed in range(5):
        values = Excursion().label(cut(random_scene(seed, "bar"))).values
        gain, loss = values["max_gain"], values["max_loss"]
        known = np.isfinite(gain)
        assert (gain[known] >= 0).all()
        assert (loss[known] <= 0).all()


def test_the_exit_lies_within_the_excursion_on_the_way_to_it():
    for kind in ("bar", "tick"):
        part = cut(random_scene(3, kind))
        values = Excursion().label(part).values
        known = np.isfinite(values["max_gain"])
        end = (part.side * part.leg.returns)[known]
        assert (end <= values["max_gain"][known]).all()
        assert (end >= values["max_loss"][known]).all()


def test_each_decision_has_one_verdict_and_a_side_of_0_comes_first():
    part = cut(random_scene(0, "bar"), own_benchmark=True)
    reasons = {VERDICTS[code].reason for code in part.verdict}
    assert reasons == {"decided not to trade", "benchmark is the instrument itself"}
    assert [VERDICTS[code].reason for code in part.verdict[part.side == 0]] == [
        "decided not to trade"
    ] * int((part.side == 0).sum())
