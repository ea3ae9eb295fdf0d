"""The shadow: everything is compared, nothing is acted on."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradeloop.errors import InputError
from tradeloop.signals.experiments import CHAMPION, Comparison, Settled, Shadow


def compared(k, mine=1, theirs=1, *, failed=False, distance=0.1, us=200.0):
    return Comparison(f"s{k}", mine, theirs, distance, failed, us)


def settled(k, loss=0.0, pnl=0.0):
    return Settled(f"s{k}", f"s{k}", k, loss, pnl, k)


def again(shadow):
    return Shadow.from_mapping(json.loads(json.dumps(shadow.to_mapping())))


def test_the_champion_serves_every_signal():
    shadow = Shadow.start("x").observe(settled(1, loss=-1.0))
    assert {shadow.arm_of(f"s{k}", k) for k in range(100)} == {CHAMPION}


def test_the_figures_are_plain_shares_and_means():
    shadow = Shadow.start("x")
    for found in (
        compared(1),
        compared(2, 1, -1, distance=0.5, us=900.0),
        compared(3, failed=True, us=1000.0),
        settled(1, 0.2, -3.0),
        settled(2, -0.4, 7.0),
    ):
        shadow = shadow.observe(found)
    found = shadow.figures()
    assert (found["compared"], found["settled"]) == (3, 2)
    assert found["failed_share"] == pytest.approx(1 / 3)
    assert found["agreed_share"] == 0.5
    assert found["mean_distance"] == pytest.approx(0.3)
    assert found["mean_latency_us"] == pytest.approx(700.0)
    assert found["slowest_us"] == 1000.0
    assert found["log_loss_difference"] == pytest.approx(-0.1)
    assert found["pnl_difference_bps"] == pytest.approx(2.0)
    assert found["leading"] == "undecided"


def test_before_the_first_signal_there_are_no_means():
    found = Shadow.start("x").figures()
    assert found["agreed_share"] is None
    assert found["log_loss_difference"] is None
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize(
    ("mean", "leads"), [(-0.1, "challenger"), (0.1, "champion"), (0.0, "undecided")]
)
def test_who_forecasts_better_beyond_doubt_leads(mean, leads):
    shadow = Shadow.start("x")
    for k, loss in enumerate(np.random.default_rng(1).normal(mean, 0.2, 400)):
        shadow = shadow.observe(settled(k, float(loss)))
    assert shadow.leading == leads


def test_the_same_signal_twice_counts_once():
    once = Shadow.start("x").observe(compared(1)).observe(settled(1, 0.1))
    assert once.observe(compared(1)).observe(settled(1, 0.1)) == once


EVENTS = st.lists(
    st.tuples(st.booleans(), st.integers(0, 20), st.floats(-3, 3)), max_size=40
)


@settings(max_examples=60, deadline=None)
@given(EVENTS)
def test_a_restart_at_any_step_changes_nothing(events):
    steady = restarted = Shadow.start("x", loss_cap=2.0)
    for outcome, k, number in events:
        found = settled(k, number, number) if outcome else compared(k, us=abs(number))
        steady, restarted = steady.observe(found), again(restarted).observe(found)
        assert restarted == steady
        assert restarted.figures() == steady.figures()


@pytest.mark.parametrize(
    "wrong",
    [
        compared(1, distance=float("nan")),
        compared(1, us=float("inf")),
        settled(1, loss=float("nan")),
        settled(1, pnl=float("nan")),
    ],
)
def test_a_figure_that_was_not_measured_is_refused(wrong):
    with pytest.raises(InputError, match="must be finite"):
        Shadow.start("x").observe(wrong)


def test_a_shadow_has_a_name():
    with pytest.raises(InputError, match="must not be empty"):
        Shadow.start("")
