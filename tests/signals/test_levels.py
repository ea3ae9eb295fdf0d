from math import exp, inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeloop.errors import InputError
from tradeloop.signals import LevelRule, Levels, levels_of, payoff_of

RULE = LevelRule(target_multiple=2.0, stop_multiple=1.0)
ANY = st.floats(allow_nan=True, allow_infinity=True)


def test_levels_are_multiples_of_the_volatility_in_log_price():
    buy = levels_of(1, 100.0, 0.01, RULE)
    assert buy.target == pytest.approx(100 * exp(0.02))
    assert buy.stop == pytest.approx(100 * exp(-0.01))
    sell = levels_of(-1, 100.0, 0.01, RULE)
    assert sell.target == pytest.approx(100 * exp(-0.02))
    assert sell.stop == pytest.approx(100 * exp(0.01))


@given(st.sampled_from([-1, 0, 1]), ANY, ANY, st.floats(1e-9, 50), st.floats(1e-9, 50))
def test_no_level_is_ever_on_the_wrong_side_of_the_price(
    side, price, volatility, target, stop
):
    found = levels_of(side, price, volatility, LevelRule(target, stop))
    for level, direction in ((found.target, side), (found.stop, -side)):
        if level is not None:
            assert 0 < level < inf
            assert direction * (level - price) > 0


@pytest.mark.parametrize(
    ("side", "price", "volatility"),
    [(0, 1.0, 0.1), (1, nan, 0.1), (1, -1.0, 0.1), (1, 1.0, nan), (1, 1.0, 0.0)],
)
def test_where_a_figure_is_missing_there_are_no_levels(side, price, volatility):
    assert levels_of(side, price, volatility, RULE) == Levels()


def test_a_move_too_small_or_too_large_for_a_float_gives_no_level():
    assert levels_of(1, 100.0, 1e-18, RULE) == Levels()
    wide = levels_of(1, 100.0, 1_000.0, RULE)
    assert wide == Levels()
    assert levels_of(-1, 100.0, 400.0, RULE).target is None


@given(st.sampled_from([-1, 1]), st.floats(1e-6, 1), st.floats(0, 5))
def test_a_payoff_is_what_the_levels_gain_and_lose(side, volatility, cost_bps):
    found = levels_of(side, 100.0, volatility, RULE)
    payoff = payoff_of(side, volatility, RULE, cost_bps)
    gain = side * (found.target / 100 - 1) * 10_000
    loss = -side * (found.stop / 100 - 1) * 10_000
    assert payoff.gain_bps == pytest.approx(gain, rel=1e-6)
    assert payoff.loss_bps == pytest.approx(loss, rel=1e-6)
    assert payoff.cost_bps == cost_bps


@pytest.mark.parametrize("bad", [(0, 1), (1, -1), (nan, 1), (1, inf)])
def test_multiples_out_of_range_are_refused(bad):
    with pytest.raises(InputError, match="multiples above 0"):
        LevelRule(*bad)
