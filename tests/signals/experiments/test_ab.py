"""The A/B test: each unit one arm and one count, valid whenever one looks."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradeloop.errors import InputError
from tradeloop.signals.experiments import SplitTest


def start(**changes):
    given = {"low": -1.0, "high": 1.0, "minimum": 20}
    return SplitTest.start(**({"experiment": "x"} | given | changes))


def run(state, draw, units):
    """The state after each unit; ``draw`` gives a value for an arm."""
    for k in range(units):
        unit = f"u{k}"
        state = state.observe(unit, draw(state.arm_of(unit)))
        yield state


def again(state):
    return SplitTest.from_mapping(json.loads(json.dumps(state.to_mapping())))


@pytest.mark.parametrize("share_b", [0.5, 0.2])
def test_equal_arms_are_hardly_ever_told_apart_whenever_one_looks(share_b):
    apart = 0
    for seed in range(120):
        values = np.random.default_rng(seed)
        state = start(experiment=f"x{seed}", share_b=share_b, level=0.1)
        looks = run(state, lambda _, g=values: float(g.normal(0.2, 0.3)), 250)
        apart += any(look.winner != "undecided" for look in looks)
    # Four binomial deviations above 10 %.
    assert apart / 120 <= 0.21


@pytest.mark.parametrize(("edge", "wins"), [(0.3, "b"), (-0.3, "a")])
def test_the_better_arm_wins(edge, wins):
    values = np.random.default_rng(1)

    def draw(arm):
        return float(values.normal(edge * (arm == "b"), 0.3))

    *_, last = run(start(), draw, 600)
    assert last.winner == wins
    found = last.figures()
    assert found["b_mean"] - found["a_mean"] == pytest.approx(edge, abs=0.08)


def test_there_is_no_winner_before_each_arm_has_its_units():
    values = np.random.default_rng(2)
    looks = run(
        start(minimum=200),
        lambda arm: float(values.normal(0.8 * (arm == "b"), 0.1)),
        300,
    )
    assert {look.winner for look in looks if min(look.rows) < 200} == {"undecided"}


def test_a_unit_counts_once():
    state = start().observe("u1", 0.5)
    assert state.observe("u1", -0.5) == state
    assert sum(state.rows) == 1


def test_a_value_beyond_the_bounds_counts_as_the_bound():
    assert start().observe("u1", 9.0) == start().observe("u1", 1.0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.floats(-2, 2)), max_size=40))
def test_a_restart_at_any_step_changes_nothing(events):
    steady = restarted = start(share_b=0.3)
    for k, value in events:
        steady = steady.observe(f"u{k}", value)
        restarted = again(restarted).observe(f"u{k}", value)
        assert restarted == steady
        assert restarted.figures() == steady.figures()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"share_b": 0.0}, "share_b"),
        ({"share_b": 0.12345678}, "multiples"),
        ({"low": 1.0}, "low must be below high"),
        ({"high": float("inf")}, "low must be below high"),
        ({"level": 0.0}, "level"),
        ({"minimum": 0}, "minimum"),
        ({"experiment": ""}, "needs a name"),
    ],
)
def test_a_test_that_cannot_be_is_refused(changes, told):
    with pytest.raises(InputError, match=told):
        start(**changes)


def test_a_value_that_was_not_measured_is_refused():
    with pytest.raises(InputError, match="must be finite"):
        start().observe("u1", float("nan"))
    with pytest.raises(InputError, match="must not be empty"):
        start().observe("", 0.1)
