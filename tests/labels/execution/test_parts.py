"""The identities: shortfall, spreads, slippage; on random orders, against fractions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.execution import shortfall_oracle, spreads_oracle
from tradeloop.labels.execution import (
    Parts,
    markout,
    shortfall,
    slippage,
    spreads,
)

PRICES = st.floats(0.01, 1e5)
SIDES = st.sampled_from([-1.0, 1.0])
NEAR = st.floats(0.9, 1.1)


@st.composite
def executions(draw):
    """An order: its prices, fills of part of it, all of it or none, fees or null."""
    decision = draw(PRICES)
    arrival, end = decision * draw(NEAR), decision * draw(NEAR)
    fees = draw(st.sampled_from(["all", "none", "some"]))
    filled = [
        (
            decision * draw(NEAR),
            draw(st.floats(1e-3, 1e6)),
            np.nan
            if fees == "none" or (fees == "some" and draw(st.booleans()))
            else draw(st.floats(-10, 100)),
        )
        for _ in range(draw(st.integers(0, 5)))
    ]
    done = sum(quantity for _, quantity, _ in filled)
    more = draw(st.sampled_from([0.0, 0.5, 3.0])) if filled else 1.0
    ordered = done * (1 + more) if filled else draw(st.floats(1e-3, 1e6))
    return draw(SIDES), ordered, filled, decision, arrival, end


def split(orders):
    side, ordered, filled, decision, arrival, end = map(list, zip(*orders, strict=True))
    flat = [(k, *fill) for k, own in enumerate(filled) for fill in own]
    table = np.array(flat, dtype=np.float64).reshape(-1, 4)
    parts = Parts(
        table[:, 0].astype(np.intp), table[:, 1], table[:, 2], table[:, 3], len(orders)
    )
    return shortfall(
        parts,
        side=np.array(side),
        ordered=np.array(ordered),
        decision_price=np.array(decision),
        arrival_price=np.array(arrival),
        end_price=np.array(end),
    )


@given(st.lists(executions(), min_size=1, max_size=4))
def test_the_parts_are_what_the_paper_earned_and_the_real_portfolio_did_not(orders):
    found = split(orders)
    for k, (side, ordered, filled, decision, arrival, end) in enumerate(orders):
        known = not any(np.isnan(fees) for _, _, fees in filled)
        assert np.isnan(found.total[k]) != known
        paid = [(p, q, 0.0 if np.isnan(f) else f) for p, q, f in filled]
        exact = shortfall_oracle(int(side), ordered, paid, decision, end)
        fees = sum(f for _, _, f in paid)
        told = found.total[k] if known else found.before_fees[k] + fees
        paper = ordered * decision
        assert abs(Fraction(told) - exact) <= 1e-12 * paper
        # As near to it measured by the parts alone, which may be far smaller.
        size = sum(q * (abs(p - arrival) + abs(arrival - decision)) for p, q, _ in paid)
        size += ordered * abs(end - decision) + sum(abs(f) for _, _, f in paid)
        assert abs(Fraction(told) - exact) <= 1e-12 * size
        if known:
            parts = (found.delay, found.execution, found.opportunity, found.fees)
            assert found.total[k] == sum(part[k] for part in parts)


@given(executions())
def test_a_buy_among_prices_costs_what_the_sale_earns(order):
    side, *rest = order
    here, there = split([order]), split([(-side, *rest)])
    for part in ("delay", "execution", "opportunity"):
        assert getattr(here, part)[0] == -getattr(there, part)[0]
    assert here.paper_value[0] == there.paper_value[0]


def test_each_part_is_the_one_that_its_name_says():
    # Bought 60 of 100: decided at 100, arrived at 101, filled at 103, ended at 110.
    found = split([(1.0, 100.0, [(103.0, 60.0, 7.0)], 100.0, 101.0, 110.0)])
    assert found.delay[0] == 60
    assert found.execution[0] == 120
    assert found.opportunity[0] == 400
    assert found.total[0] == 587
    assert found.bps(found.total)[0] == pytest.approx(587.0)


def test_a_rest_of_float_noise_is_no_opportunity():
    filled = [(10.0, 0.1, 0.0)] * 10
    found = split([(1.0, 1.0, filled, 10.0, 10.0, np.nan)])
    assert found.total[0] == 0.0


def test_an_end_that_is_not_known_matters_only_where_a_rest_is_left():
    filled = [(10.0, 1.0, 0.0)]
    found = split([(1.0, n, filled, 10.0, 10.0, np.nan) for n in (1.0, 2.0)])
    assert found.opportunity[0] == 0.0
    assert np.isnan(found.total[1])


@given(SIDES, PRICES, st.tuples(NEAR, NEAR))
def test_effective_is_realised_plus_impact(side, mid, moves):
    price, later = mid * moves[0], mid * moves[1]
    found = spreads(*(np.array([x]) for x in (side, price, mid, later)))
    exact = spreads_oracle(int(side), price, mid, later)
    gained = markout(*(np.array([x]) for x in (side, price, mid, later)))
    for value, oracle in zip((*found, gained), exact, strict=True):
        assert float(value[0]) == pytest.approx(float(oracle), rel=1e-12, abs=0)
    scale = abs(found.realised[0]) + abs(found.impact[0])
    gap = found.effective[0] - (found.realised[0] + found.impact[0])
    assert abs(gap) <= 1e-12 * scale
    assert gained[0] == pytest.approx(-found.realised[0] / 2, rel=1e-12)


def test_slippage_is_positive_for_who_bought_above_and_who_sold_below():
    side, average = np.array([1.0, -1.0, -1.0]), np.array([101.0, 101.0, 99.0])
    found = slippage(side, average, np.array([100.0, 100.0, np.nan]))
    assert found[:2].tolist() == [100.0, -100.0]
    assert np.isnan(found[2])


@given(st.lists(st.tuples(PRICES, st.floats(1e-3, 1e6)), min_size=1, max_size=6))
def test_the_average_price_lies_among_the_prices(filled):
    price, size = (np.array(column) for column in zip(*filled, strict=True))
    parts = Parts(np.zeros(len(filled), np.intp), price, size, size * 0, 1)
    mean = Fraction(0)
    for p, q in filled:
        mean += Fraction(p) * Fraction(q)
    mean /= sum(Fraction(q) for _, q in filled)
    assert parts.average_price[0] == pytest.approx(float(mean), rel=1e-12)
    same = Parts(parts.of, np.full(len(filled), 0.1), size, size, 1)
    assert same.average_price[0] == 0.1
