from math import inf, nan, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeloop.errors import InputError
from tradeloop.signals import Payoff, SizeRule, kelly_share, size_of
from tradeloop.signals.sizing import NS_PER_YEAR, volatility_share

RULE = SizeRule(target_volatility=0.1, kelly_fraction=0.5, max_share=0.4)
CHANCES = st.tuples(*[st.floats(0.01, 1)] * 3).map(
    lambda raw: tuple(part / sum(raw) for part in raw)
)
PAYOFFS = st.builds(
    Payoff,
    gain_bps=st.floats(1, 2_000),
    loss_bps=st.floats(1, 2_000),
    cost_bps=st.floats(0, 20),
)
ANY = st.floats(allow_nan=True, allow_infinity=True)


def growth(share, chances, payoff):
    """Expected log growth, for an array of shares."""
    net = (
        np.array([-payoff.loss_bps, 0.0, payoff.gain_bps]) - payoff.cost_bps
    ) / 10_000
    return np.log1p(share[:, None] * net) @ np.array(chances)


@given(CHANCES, PAYOFFS)
def test_no_share_grows_faster_than_the_kelly_share(chances, payoff):
    share = kelly_share(chances, payoff)
    ruin = 10_000 / (payoff.loss_bps + payoff.cost_bps)
    others = np.linspace(0, ruin, 2_001)[:-1]
    best = growth(np.array([share]), chances, payoff)[0]
    assert 0 <= share < ruin
    assert best >= growth(others, chances, payoff).max() - 1e-9


def test_without_flat_and_cost_it_is_kellys_own_formula():
    # Kelly (1956): f = p / a - q / b of a bet that wins b and loses a.
    payoff = Payoff(gain_bps=200, loss_bps=100)
    assert kelly_share((0.4, 0.0, 0.6), payoff) == pytest.approx(
        0.6 / 0.01 - 0.4 / 0.02
    )
    assert kelly_share((0.5, 0.0, 0.5), Payoff(100, 100)) == 0


def test_a_cost_as_large_as_the_edge_leaves_nothing():
    assert kelly_share((0.4, 0.0, 0.6), Payoff(100, 100, 20)) == pytest.approx(0)
    assert kelly_share((0.4, 0.0, 0.6), Payoff(100, 100, 21)) == 0


@given(CHANCES, PAYOFFS, st.floats(0, 50))
def test_a_higher_cost_never_asks_for_more(chances, payoff, more):
    dearer = Payoff(payoff.gain_bps, payoff.loss_bps, payoff.cost_bps + more)
    assert kelly_share(chances, dearer) <= kelly_share(chances, payoff) + 1e-9


def test_volatility_is_made_yearly_by_the_root_of_time():
    quarter = NS_PER_YEAR // 4
    assert volatility_share(0.05, quarter, RULE) == pytest.approx(0.1 / (0.05 * 2))
    day = NS_PER_YEAR // 365
    assert volatility_share(0.01, day, RULE) == pytest.approx(0.1 / (0.01 * sqrt(365)))


def test_the_least_of_volatility_kelly_and_cap_sets_the_size():
    good, year = Payoff(100, 100), NS_PER_YEAR
    cases = (
        ((0.3, 0.0, 0.7), 0.5, 0.2, "volatility"),
        ((0.3, 0.0, 0.7), 0.01, 0.4, "the cap"),
        ((0.499, 0.0, 0.501), 0.01, 0.1, "Kelly"),
    )
    for chances, volatility, share, by in cases:
        size = size_of(chances, good, volatility, year, RULE)
        assert size.share == pytest.approx(share)
        assert size.reason.endswith(f"set by {by}")
        part = size.kelly_share
        assert size.share == min(size.volatility_share, part, RULE.max_share)


@given(
    st.tuples(ANY, ANY, ANY),
    st.builds(Payoff, ANY, ANY, ANY),
    ANY,
    st.integers(-(2**63), 2**63),
)
def test_whatever_comes_the_size_is_a_share_up_to_the_cap(
    chances, payoff, volatility, horizon_ns
):
    size = size_of(chances, payoff, volatility, horizon_ns, RULE)
    assert 0 <= size.share <= RULE.max_share
    assert size.reason
    if size.share == 0:
        assert size.reason.startswith(("no size", "0.00%"))


@pytest.mark.parametrize("bad", [nan, inf, -inf, 0.0, -0.1])
def test_a_volatility_that_is_none_sizes_to_nothing_and_says_so(bad):
    size = size_of((0.2, 0.2, 0.6), Payoff(100, 100), bad, NS_PER_YEAR, RULE)
    assert (size.share, size.reason) == (0.0, f"no size: the volatility is {bad}")


def test_a_missing_probability_sizes_to_nothing_and_says_so():
    size = size_of((nan, 0.2, 0.6), Payoff(100, 100), 0.1, NS_PER_YEAR, RULE)
    assert size.reason == "no size: a probability or payoff is missing"
    size = size_of((0.6, 0.2, 0.2), Payoff(100, 100), 0.1, NS_PER_YEAR, RULE)
    assert size.reason == "no size: no edge after costs"


@pytest.mark.parametrize(
    "bad",
    [
        {"target_volatility": 0},
        {"target_volatility": inf},
        {"kelly_fraction": 0},
        {"max_share": 1.5},
        {"year_ns": 0},
    ],
)
def test_a_rule_out_of_range_is_refused(bad):
    with pytest.raises(InputError, match="SizeRule needs"):
        SizeRule(**bad)
