"""Costs are paid, never earned, and add up."""

from math import isclose

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeloop.clock import NS_PER_DAY
from tradeloop.costs import ZERO, CostModel
from tradeloop.errors import InputError

amounts = st.floats(0, 1000)
models = st.builds(CostModel, amounts, amounts, amounts, amounts)
shares = st.floats(0, 4)
holdings = st.integers(0, 3650 * NS_PER_DAY)


def test_a_side_costs_half_the_spread_and_the_commission():
    assert CostModel(1.0, 0.5).trade_cost_bps() == 1.5


def test_impact_grows_with_the_square_root_of_the_participation():
    model = CostModel(0, 0, impact_bps_per_sqrt_participation=40)
    assert model.trade_cost_bps(0.01) == pytest.approx(4.0, rel=1e-15)
    assert model.trade_cost_bps(0.04) == pytest.approx(8.0, rel=1e-15)
    assert model.trade_cost_bps(1.0) == 40.0


def test_financing_counts_calendar_days_of_a_year_of_365():
    model = CostModel(financing_bps_per_year=365.0)
    assert model.financing_bps(NS_PER_DAY) == pytest.approx(1.0, rel=1e-15)
    assert model.financing_bps(365 * NS_PER_DAY) == 365.0


def test_financing_of_many_holdings_equals_one_by_one():
    model = CostModel(financing_bps_per_year=250.0)
    held = np.array([0, 1, NS_PER_DAY, 77 * NS_PER_DAY], dtype=np.int64)
    assert model.financing_bps(held).tolist() == [
        model.financing_bps(int(ns)) for ns in held
    ]


@given(models, shares, holdings)
def test_a_round_trip_is_two_sides_and_the_financing_between(model, share, held_ns):
    whole = model.round_trip_bps(share, holding_ns=held_ns)
    parts = 2 * model.trade_cost_bps(share) + model.financing_bps(held_ns)
    assert isclose(whole, parts, rel_tol=1e-15)


@given(models, shares, holdings)
def test_no_cost_is_ever_negative(model, share, held_ns):
    assert model.trade_cost_bps(share) >= 0
    assert model.round_trip_bps(share, holding_ns=held_ns) >= 0


@given(models, shares, shares)
def test_more_participation_never_costs_less(model, one, other):
    less, more = sorted((one, other))
    assert model.trade_cost_bps(less) <= model.trade_cost_bps(more)


@given(models)
def test_a_model_survives_the_way_through_a_mapping(model):
    assert CostModel.from_mapping(model.as_mapping()) == model


def test_absent_names_keep_their_default():
    assert CostModel.from_mapping({"commission_bps": 2}) == CostModel(1.0, 2)


def test_zero_costs_nothing():
    assert ZERO.round_trip_bps(1.0, holding_ns=NS_PER_DAY) == 0.0


def test_an_unknown_name_is_refused_with_the_nearest_known_one():
    with pytest.raises(InputError, match="did you mean 'commission_bps'"):
        CostModel.from_mapping({"comission_bps": 1})


@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf"), "1", None, True])
@pytest.mark.parametrize("name", ZERO.as_mapping())
def test_a_parameter_that_is_no_finite_number_of_at_least_0_is_refused(name, value):
    with pytest.raises(InputError, match=f"CostModel.{name}"):
        CostModel.from_mapping({name: value})


@pytest.mark.parametrize("share", [-0.01, float("nan"), float("inf")])
def test_a_participation_below_0_or_not_finite_is_refused(share):
    with pytest.raises(InputError, match="participation"):
        ZERO.trade_cost_bps(share)


def test_a_negative_holding_is_refused_alone_and_among_others():
    with pytest.raises(InputError, match="holding_ns"):
        ZERO.financing_bps(-1)
    with pytest.raises(InputError, match="was -3"):
        ZERO.round_trip_bps(holding_ns=-3)
    with pytest.raises(InputError, match="was -2"):
        ZERO.financing_bps(np.array([5, -2]))
