import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tradeloop.errors import InputError
from tradeloop.signals import Policy, decide

POLICY = Policy(min_edge=0.1)
SHARES = arrays(
    np.float64, st.tuples(st.integers(0, 20), st.just(3)), elements=st.floats(0.001, 1)
)


def test_side_is_the_sign_of_a_clear_edge_and_confidence_its_probability():
    chances = np.array(
        [[0.2, 0.3, 0.5], [0.5, 0.3, 0.2], [0.35, 0.25, 0.4], [0.25, 0.0, 0.75]]
    )
    found = decide(chances, POLICY)
    assert found.side.tolist() == [1, -1, 0, 1]
    assert found.confidence.tolist() == [0.5, 0.5, 0.25, 0.75]
    assert found.edge.tolist() == pytest.approx([0.3, -0.3, 0.05, 0.5])


def test_an_edge_of_exactly_the_threshold_trades():
    chances = np.array([[0.25, 0.0, 0.75], [0.25, 0.5, 0.25]])
    assert decide(chances, Policy(min_edge=0.5)).side.tolist() == [1, 0]
    assert decide(chances, Policy(min_edge=0.0)).side.tolist() == [1, 0]


@given(SHARES)
def test_mirrored_probabilities_give_the_mirrored_side(raw):
    chances = raw / raw.sum(axis=1, keepdims=True)
    ours, mirrored = decide(chances, POLICY), decide(chances[:, ::-1], POLICY)
    assert np.array_equal(ours.side, -mirrored.side)
    assert np.array_equal(ours.edge, -mirrored.edge)
    assert np.array_equal(ours.confidence, mirrored.confidence)


@given(SHARES, st.floats(0, 1), st.floats(0, 1))
def test_a_higher_threshold_never_trades_more(raw, one, other):
    chances = raw / raw.sum(axis=1, keepdims=True)
    lax, strict = (
        decide(chances, Policy(min_edge=edge)).side for edge in sorted((one, other))
    )
    assert ((strict == 0) | (strict == lax)).all()


def test_a_row_without_a_forecast_is_held():
    found = decide(np.full((1, 3), np.nan), POLICY)
    assert found.side.tolist() == [0]
    assert np.isnan(found.confidence).all()


@pytest.mark.parametrize(
    "bad",
    [
        {"min_edge": -0.1},
        {"min_finite_share": 1.1},
        {"position_share": 0},
        {"min_confidence": 1.1},
        {"min_steps_share": float("nan")},
        {"min_quality": 2},
        {"max_outside_share": -1},
        {"max_age_ns": -1},
    ],
)
def test_a_policy_out_of_range_is_refused(bad):
    with pytest.raises(InputError, match="Policy needs"):
        Policy(**bad)


def test_a_policy_survives_its_mapping():
    assert Policy(**POLICY.as_mapping()) == POLICY


def test_a_vote_needs_more_confidence_than_one_model_unless_told_otherwise():
    assert Policy().least_confidence(1) == 0.0
    assert Policy().least_confidence(3) == 0.6
    assert Policy(min_confidence=0.5).least_confidence(3) == 0.5
    assert Policy(min_confidence=0.5).least_confidence(1) == 0.5
    assert Policy(min_confidence=0.0).least_confidence(3) == 0.0
