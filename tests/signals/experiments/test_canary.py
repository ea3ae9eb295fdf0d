"""The canary: stages, guards, roll-back, restarts; each signal has exactly one arm."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradeloop.errors import InputError
from tradeloop.signals.experiments import (
    CHALLENGER,
    CHAMPION,
    GUARDS,
    STAGES,
    Action,
    Canary,
    CanaryPlan,
    CanaryStatus,
    Guard,
    Scored,
    Settled,
    Stage,
)

PLAN = CanaryPlan(
    "direction-v2",
    stages=(Stage(0.25, 40, 10), Stage(0.5, 40), Stage(1.0, 40)),
)


def scored(k, at_ns=None, **changes):
    at = k if at_ns is None else at_ns
    given = {"failed": False, "abstained": False, "latency_us": 300.0}
    given |= {"id": f"s{k}", "unit": f"s{k}", "created_ns": at, "at_ns": at}
    return Scored(**(given | changes))


def settled(k, loss=0.0, pnl=0.0):
    return Settled(f"s{k}", f"s{k}", k, loss, pnl, k + 1)


def fed(canary, numbers, **changes):
    for k in numbers:
        canary = canary.observe(scored(k, **changes)).observe(settled(k))
    return canary


def again(canary):
    """The state after a restart of the process."""
    return Canary.from_mapping(json.loads(json.dumps(canary.to_mapping())))


def test_the_default_stages_are_1_5_25_50_and_100_percent():
    assert [stage.share for stage in STAGES] == [0.01, 0.05, 0.25, 0.5, 1.0]
    plan = CanaryPlan("x")
    assert plan.guards == tuple(GUARDS.values())
    assert plan.guard_level == pytest.approx(0.05 / 25)


def test_a_good_challenger_advances_to_serving_everything():
    canary, k, shares = Canary.start(PLAN, 0), 0, []
    while canary.status is CanaryStatus.RUNNING:
        canary = fed(canary, range(k, k + 50))
        k += 50
        if canary.judge().action is Action.ADVANCE:
            shares.append(canary.history[-1][1].shares[CHALLENGER])
            canary = canary.advance(k)
        assert k < 5000
    assert canary.status is CanaryStatus.FINISHED
    assert shares == [0.25, 0.5, 1.0]
    assert all(canary.arm_of(f"s{j}", k + j) == CHALLENGER for j in range(200))
    assert canary.judge().action is Action.HOLD


def test_too_few_observations_hold_and_the_reason_counts_them():
    verdict = fed(Canary.start(PLAN, 0), range(20)).judge()
    assert verdict.action is Action.HOLD
    assert "of 40 signals scored" in verdict.reason
    with pytest.raises(InputError, match="may not advance now: hold"):
        fed(Canary.start(PLAN, 0), range(20)).advance(99)


@pytest.mark.parametrize(
    ("metric", "bad"),
    [
        ("error_rate", {"failed": True}),
        ("abstention_rate", {"abstained": True}),
        ("late_share", {"latency_us": 20_000.0}),
        ("late_share", {"latency_us": float("nan")}),
    ],
)
def test_a_challenger_beyond_a_limit_is_rolled_back_by_itself(metric, bad):
    canary, k = Canary.start(PLAN, 0), 0
    while canary.status is CanaryStatus.RUNNING:
        canary = canary.observe(scored(k, **bad))
        k += 1
        assert k < 300
    assert canary.status is CanaryStatus.ROLLED_BACK
    assert canary.judge().action is Action.ROLL_BACK
    assert metric in canary.reason
    assert "Stage 1" in canary.reason
    assert all(canary.arm_of(f"s{j}", k + j) == CHAMPION for j in range(300))
    with pytest.raises(InputError, match="may not advance now: roll back"):
        canary.advance(k)


@pytest.mark.parametrize(
    ("metric", "outcome"),
    [
        ("log_loss_difference", {"loss": 0.5}),
        ("pnl_shortfall_bps", {"pnl": -60.0}),
    ],
)
def test_worse_outcomes_than_the_champions_roll_back(metric, outcome):
    canary = Canary.start(PLAN, 0)
    for k in range(300):
        canary = canary.observe(settled(k, **outcome))
    assert canary.status is CanaryStatus.ROLLED_BACK
    assert metric in canary.reason


def test_what_is_above_its_limit_but_not_beyond_doubt_holds():
    plan = replace(PLAN, guards=(Guard("error_rate", 0.05),), stages=(Stage(1.0, 20),))
    canary = Canary.start(plan, 0)
    for k in range(20):
        canary = canary.observe(scored(k, failed=k in (3, 12)))
    verdict = canary.judge()
    assert verdict.action is Action.HOLD
    assert "error_rate is 0.1" in verdict.reason
    assert "not beyond doubt" in verdict.reason


def test_a_challenger_at_its_limits_is_rarely_rolled_back_over_all_stages():
    guards = (Guard("error_rate", 0.1), Guard("pnl_shortfall_bps", 1.0, cap=20.0))
    stages = (Stage(0.5, 100), Stage(1.0, 100))
    plan = CanaryPlan("null", stages, guards, level=0.2)
    back = 0
    for seed in range(60):
        draw = np.random.default_rng(seed)
        canary, k = Canary.start(plan, 0), 0
        while canary.status is CanaryStatus.RUNNING and k < 600:
            canary = canary.observe(scored(k, failed=draw.random() < 0.1))
            canary = canary.observe(settled(k, pnl=float(draw.normal(-1, 5))))
            if canary.judge().action is Action.ADVANCE:
                canary = canary.advance(k)
            k += 1
        back += canary.status is CanaryStatus.ROLLED_BACK
    assert back / 60 <= 0.2


def test_observations_of_the_champion_are_not_held_against_the_challenger():
    canary = Canary.start(PLAN, 0)
    for k in range(500):
        if canary.arm_of(f"s{k}", k) == CHAMPION:
            canary = canary.observe(scored(k, failed=True))
    assert canary.status is CanaryStatus.RUNNING
    assert canary.scored == 0


def test_the_same_observation_twice_counts_once():
    once = fed(Canary.start(PLAN, 0), range(60))
    twice = Canary.start(PLAN, 0)
    for k in [*range(60), *range(60)]:
        twice = fed(twice, [k, k])
    assert twice == once


def test_after_the_end_nothing_is_counted():
    canary = fed(Canary.start(PLAN, 0), range(30)).roll_back(40, "by hand")
    assert fed(canary, range(50, 60)) == canary
    assert canary.roll_back(99, "again") == canary
    assert canary.judge().reason == "by hand"


def test_a_change_of_stage_neither_loses_nor_doubles_a_signal():
    """Signals are routed, tried again, and routed once more after a restart."""
    canary, served, k = Canary.start(PLAN, 0), {}, 0
    while canary.status is CanaryStatus.RUNNING and k < 2000:
        for _ in range(3):  # three signals within one nanosecond
            unit = f"s{len(served)}"
            canary, arm = canary.route(unit, k)
            served[unit] = (k, arm)
        canary = canary.observe(
            scored(len(served), unit=unit, created_ns=k, at_ns=k)
        ).observe(Settled(f"x{k}", unit, k, 0.0, 0.0, k))
        if canary.judge().action is Action.ADVANCE:
            # The clock of whoever advances may lag behind the signals.
            canary = canary.advance(k - 5)
        canary = again(canary)
        k += 1
    assert canary.stage == 2
    for unit, (created_ns, arm) in served.items():
        assert canary.arm_of(unit, created_ns) == arm
        assert canary.route(unit, created_ns)[1] == arm
    assert {arm for _, arm in served.values()} == {CHAMPION, CHALLENGER}


def test_a_roll_back_takes_nothing_from_signals_that_have_their_arm():
    canary = Canary.start(PLAN, 0)
    before = {}
    for k in range(100):
        canary, before[k] = canary.route(f"s{k}", k)
    canary = canary.roll_back(50, "by hand")
    assert all(canary.arm_of(f"s{k}", k) == arm for k, arm in before.items())
    assert all(canary.arm_of(f"s{k}", k) == CHAMPION for k in range(100, 300))


def test_before_the_start_the_champion_serves():
    canary = Canary.start(PLAN, 1000)
    assert {canary.arm_of(f"s{k}", k) for k in range(1000)} == {CHAMPION}


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["scored", "settled", "advance", "route", "roll back"]),
        st.integers(0, 60),
        st.booleans(),
        st.floats(-150, 150),
    ),
    max_size=60,
)
SMALL = CanaryPlan("p", (Stage(0.5, 3), Stage(1.0, 3, 1)), level=0.3)


def step(canary, event):
    kind, k, flag, number = event
    if kind == "scored":
        return canary.observe(scored(k, failed=flag, latency_us=abs(number) * 100))
    if kind == "settled":
        return canary.observe(settled(k, loss=number / 100, pnl=number))
    if kind == "route":
        return canary.route(f"s{k}", k)[0]
    if kind == "roll back":
        return canary.roll_back(k, "by hand") if flag and number > 100 else canary
    return canary.advance(k) if canary.judge().action is Action.ADVANCE else canary


@settings(max_examples=80, deadline=None)
@given(EVENTS)
def test_a_restart_at_any_step_changes_nothing(events):
    steady = restarted = Canary.start(SMALL, 0)
    for event in events:
        steady, restarted = step(steady, event), step(again(restarted), event)
        assert restarted == steady
        assert restarted.judge() == steady.judge()
        assert restarted.to_mapping() == steady.to_mapping()


@settings(max_examples=60, deadline=None)
@given(EVENTS, st.integers(0, 60))
def test_a_signal_keeps_its_arm_whatever_comes_later(events, created_ns):
    canary, arm = Canary.start(SMALL, 0).route("mine", created_ns)
    for event in events:
        canary = step(canary, event)
        assert canary.arm_of("mine", created_ns) == arm


def test_an_observation_that_cannot_be_leaves_the_state_as_it_was():
    canary = Canary.start(replace(PLAN, stages=(Stage(1.0, 5),)), 0)
    with pytest.raises(InputError, match="must be finite"):
        canary.observe(settled(1, loss=float("nan")))
    with pytest.raises(InputError, match="id must not be empty"):
        canary.observe(scored(1, id=""))
    with pytest.raises(InputError, match="unit must not be empty"):
        canary.route("", 1)
    assert len(canary.seen) == 0


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"stages": (Stage(0.5, 1),)}, "grow from above 0 to 1"),
        ({"stages": (Stage(0.0, 1), Stage(1.0, 1))}, "grow from above 0 to 1"),
        ({"stages": (Stage(0.5, 1), Stage(0.5, 1), Stage(1.0, 1))}, "grow"),
        ({"stages": ()}, "grow"),
        ({"stages": (Stage(1.0, 0),)}, "scored"),
        ({"guards": ()}, "needs guards"),
        ({"guards": (GUARDS["error_rate"],) * 2}, "each metric once"),
        ({"level": 0.0}, "level"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(changes, told):
    with pytest.raises(InputError, match=told):
        replace(PLAN, **changes)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("errors", 0.1), "no metric 'errors'.*error_rate"),
        (("error_rate", 0.0), "error_rate.limit"),
        (("pnl_shortfall_bps", 5.0, 5.0), "pnl_shortfall_bps.limit"),
        (("late_share", 0.01, 0.0), "late_share.cap"),
    ],
)
def test_a_guard_that_cannot_be_is_refused(given, told):
    with pytest.raises(InputError, match=told):
        Guard(*given)
