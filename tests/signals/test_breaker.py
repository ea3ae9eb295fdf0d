import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeloop.errors import InputError
from tradeloop.signals import Breaker, BreakerRule, Circuit


def votes(breaker, told):
    """Ask once per item; tell what came where it was asked; return who was asked."""
    asked = []
    for good in told:
        there = breaker.may_vote("lstm")
        asked.append(there)
        if there:
            breaker.tell("lstm", good=good)
    return asked


def test_a_member_nobody_complains_of_is_always_asked():
    breaker = Breaker()
    assert all(votes(breaker, [True] * 50))
    assert breaker.state("lstm") is Circuit.CLOSED
    assert breaker.resting() == {}


def test_a_fault_costs_exactly_the_next_votes_and_then_one_is_tried():
    breaker = Breaker(BreakerRule(rest=3))
    assert votes(breaker, [False]) == [True]
    assert breaker.state("lstm") is Circuit.OPEN
    assert breaker.resting() == {"lstm": 3}
    assert votes(breaker, [True] * 3) == [False] * 3
    assert breaker.may_vote("lstm")
    assert breaker.state("lstm") is Circuit.HALF_OPEN
    breaker.tell("lstm", good=True)
    assert breaker.state("lstm") is Circuit.CLOSED
    assert all(votes(breaker, [True] * 5))


def test_each_failed_retry_doubles_the_rest_up_to_the_longest():
    breaker = Breaker(BreakerRule(rest=2, longest_rest=5))
    rests = []
    for _ in range(4):
        assert votes(breaker, [False]) == [True]
        rests.append(breaker.resting()["lstm"])
        votes(breaker, [False] * rests[-1])
    assert rests == [2, 4, 5, 5]


def test_a_good_answer_forgets_the_faults_before():
    breaker = Breaker(BreakerRule(opens_after=2, rest=4))
    assert votes(breaker, [False, True, False, True, False]) == [True] * 5
    assert votes(breaker, [False]) == [True]
    assert breaker.state("lstm") is Circuit.OPEN


def test_members_rest_on_their_own():
    breaker = Breaker(BreakerRule(rest=3))
    breaker.tell("lstm", good=False)
    assert not breaker.may_vote("lstm")
    assert breaker.may_vote("forest")


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 3), st.integers(1, 5))
def test_the_same_faults_give_the_same_rests_and_no_member_is_lost(told, after, rest):
    rule = BreakerRule(opens_after=after, rest=rest, longest_rest=8)
    first, second = Breaker(rule), Breaker(rule)
    assert votes(first, told) == votes(second, told)
    assert True in votes(first, [True] * 9)


@pytest.mark.parametrize(
    "bad", [{"opens_after": 0}, {"rest": 0}, {"rest": 9, "longest_rest": 8}]
)
def test_a_rule_out_of_range_is_refused(bad):
    with pytest.raises(InputError, match="BreakerRule needs"):
        BreakerRule(**bad)
