"""Mids as of a time, averages of the tape, quantities and arrivals of orders."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labels.execution.given import bars, fills, orders, quotes, trades
from reference.execution import (
    as_of,
    at_horizon,
    committed_oracle,
    twap_oracle,
    vwap_oracle,
)
from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR
from tradeloop.errors import InputError
from tradeloop.events import BAR
from tradeloop.labels.base import CENSORED, LABELLED, MISSING_NS, PENDING
from tradeloop.labels.execution import ExecutionRule, markouts, mids_of
from tradeloop.labels.execution.orders import ordered, with_decision
from tradeloop.labels.execution.tape import (
    day_close,
    interval_twap,
    interval_vwap,
    tape_of,
)

NONE = BAR.empty()


def mids(*rows, **terms):
    return mids_of(quotes(*rows, lag=terms.pop("lag", 0)), NONE, ExecutionRule(**terms))


def at(*times):
    return np.array(times, dtype=np.int64)


ROWS = st.lists(
    st.tuples(st.integers(0, 60), st.floats(1, 9)), min_size=1, max_size=12
).map(lambda rows: sorted(rows, key=lambda row: row[0]))


@given(ROWS, st.integers(0, 70), st.integers(1, 20), st.integers(0, 30))
def test_a_mid_is_the_last_one_at_or_before_and_never_the_next(
    rows, time, horizon, wait
):
    found = mids(*rows, wait_ns=wait)
    known = [(t, ((m - 0.5) + (m + 0.5)) / 2) for t, m in rows]
    value = found.then(at(time))[0]
    expected = as_of(known, time, wait)
    assert np.isnan(value) if expected is None else value == expected
    later = found.later(at(time), horizon)
    mid, end_ns = at_horizon(known, time + horizon, wait)
    if mid is None:
        assert np.isnan(later.value[0])
        assert later.end_ns[0] == MISSING_NS
        assert later.state[0] == (PENDING if time + horizon > rows[-1][0] else CENSORED)
    else:
        assert (later.value[0], later.end_ns[0]) == (mid, end_ns)
        assert later.state[0] == LABELLED


def test_on_the_venues_clock_a_mid_counts_from_its_stamp_and_is_known_at_its_receipt():
    rows = [(10, 1.0), (20, 2.0)]
    late = mids(*rows, lag=5)
    venue = mids(*rows, lag=5, clock="event")
    assert late.then(at(16))[0] == 1.0
    assert venue.then(at(16))[0] == 2.0
    assert venue.known_then(at(16))[0] == 20
    assert venue.later(at(5), 8) == (1.0, 20, LABELLED)


def test_a_close_that_was_known_at_the_fill_is_no_future_of_it():
    found = mids_of(
        None, bars((0, 10, 1, 1, 1, 1, 1), (10, 20, 2, 2, 2, 2, 1)), ExecutionRule()
    )
    assert not found.quoted
    assert found.then(at(12))[0] == 1.0
    near = found.later(at(12), 5)
    assert near.state[0] == CENSORED
    assert found.later(at(12), 8).value[0] == 2.0


def test_a_markout_comes_with_its_time_and_is_lost_without_a_mid_as_of_the_fill():
    found = markouts(
        mids((10, 100.0), (20, 104.0)),
        np.array([1.0, -1.0, 1.0, 1.0]),
        np.array([101.0, 99.0, 99.0, 99.0]),
        at(12, 12, 5, 18),
        8,
    )
    assert found.value[:2].tolist() == [300.0, -500.0]
    assert np.isnan(found.value[2:]).all()
    assert found.end_ns.tolist() == [20, 20, MISSING_NS, MISSING_NS]
    assert found.state.tolist() == [LABELLED, LABELLED, CENSORED, PENDING]


@given(
    ROWS,
    st.integers(0, 60),
    st.integers(0, 20),
)
def test_a_twap_weighs_each_mid_by_the_time_it_stood(rows, begin, length):
    rows = [*rows, (200, 1.0)]
    found = interval_twap(
        mids(*rows), tape_of(None, NONE, ExecutionRule()), at(begin), at(begin + length)
    )
    if begin < rows[0][0]:
        assert found.state[0] == CENSORED
        return
    known = [(t, ((m - 0.5) + (m + 0.5)) / 2) for t, m in rows]
    expected = twap_oracle(known, begin, begin + length)
    assert found.value[0] == pytest.approx(expected, rel=1e-12)
    assert found.end_ns[0] == min(t for t, _ in rows if t >= begin + length)


SIZES = st.tuples(st.integers(0, 30), st.floats(1, 9), st.floats(0.5, 5))


@given(st.lists(SIZES, max_size=10), st.integers(0, 30), st.integers(0, 10))
def test_a_vwap_is_that_of_the_others_trades(rows, begin, length):
    rows = sorted(rows, key=lambda row: row[0])
    rows.append((100, 1.0, 1.0))
    own = [(p, v / 3) for t, p, v in rows if begin <= t <= begin + length]
    expected = vwap_oracle(rows, begin, begin + length, own)
    found = interval_vwap(
        tape_of(trades(*rows), NONE, ExecutionRule()),
        at(begin),
        at(begin + length),
        own_value=np.array([sum(p * v for p, v in own)], dtype=np.float64),
        own_quantity=np.array([sum(v for _, v in own)], dtype=np.float64),
    )
    if expected is None:
        assert found.state[0] == CENSORED
    else:
        assert found.value[0] == pytest.approx(expected, rel=1e-12)
        after = min(t for t, _, _ in rows if t > begin + length)
        assert found.end_ns[0] == after


def test_a_vwap_waits_until_the_tape_has_gone_past_its_interval():
    tape = tape_of(trades((1, 2.0, 1.0), (5, 4.0, 1.0)), NONE, ExecutionRule())
    nothing = {"own_value": np.zeros(1), "own_quantity": np.zeros(1)}
    assert interval_vwap(tape, at(1), at(5), **nothing).state[0] == PENDING
    found = interval_vwap(tape, at(1), at(4), **nothing)
    assert (found.value[0], found.end_ns[0]) == (2.0, 5)


def test_where_only_own_trades_are_on_the_tape_there_is_no_vwap():
    tape = tape_of(trades((1, 2.0, 1.0), (5, 4.0, 1.0)), NONE, ExecutionRule())
    own = {"own_value": np.array([2.0]), "own_quantity": np.array([1.0])}
    assert interval_vwap(tape, at(1), at(4), **own).state[0] == CENSORED


def test_a_vwap_of_bars_takes_each_bar_that_meets_the_interval_whole():
    made = bars(
        (0, 10, 1, 3, 1, 2, 10), (10, 20, 5, 5, 5, 5, 30), (20, 30, 9, 9, 9, 9, 99)
    )
    tape = tape_of(None, made, ExecutionRule())
    nothing = {"own_value": np.zeros(1), "own_quantity": np.zeros(1)}
    found = interval_vwap(tape, at(9), at(15), **nothing)
    assert (found.value[0], found.end_ns[0]) == ((2 * 10 + 5 * 30) / 40, 20)
    # A bar that was over when the interval began is not in it.
    assert interval_vwap(tape, at(10), at(15), **nothing).value[0] == 5.0


def test_a_bar_that_came_after_a_later_one_changes_no_average():
    made = bars((0, 10, 2, 2, 2, 2, 1), (10, 20, 4, 4, 4, 4, 1))
    late = made[:1].with_columns(received_ns=pl.lit(25, pl.Int64))
    nothing = {"own_value": np.zeros(1), "own_quantity": np.zeros(1)}
    tape = tape_of(None, late.vstack(made[1:]), ExecutionRule())
    assert interval_vwap(tape, at(5), at(15), **nothing).value[0] == 4.0


def test_the_close_is_the_last_price_of_the_day_and_known_once_the_day_is_over():
    day, hour = NS_PER_DAY, NS_PER_HOUR
    made = bars(
        (14 * hour, 15 * hour, 1, 1, 1, 1, 1),
        (15 * hour, 16 * hour, 2, 2, 2, 2, 1),
        (day + 14 * hour, day + 15 * hour, 3, 3, 3, 3, 1),
    )
    found = mids_of(None, made, ExecutionRule())
    close = day_close(found, at(14 * hour + 1, 16 * hour, day + 14 * hour), day)
    assert close.value.tolist()[:1] == [2.0]
    assert close.end_ns[0] == day + 15 * hour
    assert close.state.tolist() == [LABELLED, CENSORED, PENDING]
    sooner = day_close(found, at(14 * hour + 1), 16 * hour)
    assert (sooner.value[0], sooner.end_ns[0]) == (2.0, 16 * hour)


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["o1", "o2", "o3"]),
        st.sampled_from(["sent", "acknowledged", "amended", "cancelled", "rejected"]),
        st.floats(1, 100),
        st.floats(0, 50),
    ),
    min_size=1,
    max_size=10,
)


@given(EVENTS)
def test_what_was_ordered_is_the_most_that_was_committed_at_any_time(events):
    rows = [
        (n, order, status, quantity, {"filled_quantity": done})
        for n, (order, status, quantity, done) in enumerate(events)
    ]
    found = ordered(orders(*rows), fills())
    assert found["ordered"][0] == pytest.approx(committed_oracle(events))


def test_an_order_that_replaces_the_rest_of_a_cancelled_one_is_not_counted_twice():
    told = orders(
        (1, "o1", "sent", 100.0, {"filled_quantity": None}),
        (5, "o1", "cancelled", 100.0, {"filled_quantity": None}),
        (6, "o2", "sent", 60.0, {"filled_quantity": None}),
    )
    done = fills({"event_ns": 3, "price": 1.0, "quantity": 40.0, "order_id": "o1"})
    assert ordered(told, done)["ordered"].to_list() == [100.0]


def test_what_was_amended_down_was_wanted_all_the_same():
    told = orders((1, "o1", "sent", 100.0, {}), (2, "o1", "amended", 70.0, {}))
    assert ordered(told, fills())["ordered"].to_list() == [100.0]


def test_the_arrival_is_the_first_that_an_order_states():
    told = orders(
        (1, "o1", "sent", 1.0, {"arrival_ns": None, "arrival_price": None}),
        (3, "o2", "acknowledged", 1.0, {"arrival_ns": 3, "arrival_price": 7.0}),
        (4, "o1", "acknowledged", 1.0, {"arrival_ns": 2, "arrival_price": 8.0}),
    )
    found = ordered(told, fills()).row(0, named=True)
    assert (found["arrival_ns"], found["arrival_price"]) == (2, 8.0)
    assert found["orders_ns"] == 4


def test_a_fill_that_names_only_its_order_belongs_to_the_orders_decision():
    told = orders((1, "o1", "sent", 1.0, {}), decision_id="mine")
    done = fills(
        {"event_ns": 2, "price": 1.0, "quantity": 1.0, "order_id": "o1"},
        {"event_ns": 2, "price": 1.0, "quantity": 1.0, "order_id": "o9"},
        decision_id=None,
    )
    assert with_decision(done, told)["decision_id"].to_list() == ["mine", None]


@pytest.mark.parametrize(
    "terms",
    [
        {"clock": "wall"},
        {"end_after_ns": 0},
        {"wait_ns": -1},
        {"price_tolerance": -1e-9},
        {"price_tolerance": float("nan")},
        {"clock_slack_ns": -1},
        {"session_end_ns": NS_PER_DAY + 1},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_by_name(terms):
    with pytest.raises(InputError, match=next(iter(terms))):
        ExecutionRule(**terms)
