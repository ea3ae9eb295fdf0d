"""Known prices of one instrument: paths and prices at due times."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.labels import ends_oracle
from tradeloop.errors import InputError
from tradeloop.labels.base import (
    CENSORED,
    LABELLED,
    MISSING_NS,
    PENDING,
    PricePath,
    bar_path,
    price_at,
    tick_path,
)
from tradeloop.labels.rules import LabelPlan
from tradeloop.labels.span import leg


def bars(ends, closes=None, *, latency=0, received=None):
    ends = np.asarray(ends, dtype=np.int64)
    closes = np.arange(1.0, len(ends) + 1) if closes is None else np.asarray(closes)
    return pl.DataFrame(
        {
            "open_ns": ends - 10,
            "event_ns": ends,
            "received_ns": ends + latency if received is None else received,
            "high": closes + 0.5,
            "low": closes - 0.5,
            "close": closes,
        }
    )


def quotes(times, mids, *, event=None):
    return pl.DataFrame(
        {
            "event_ns": times if event is None else event,
            "received_ns": times,
            "bid": [mid - 0.25 for mid in mids],
            "ask": [mid + 0.25 for mid in mids],
        }
    )


def test_on_bars_the_price_is_the_close_of_the_first_bar_that_ends_at_or_after_due():
    path = bar_path(bars([10, 20, 30], latency=3))
    price, end_ns, state = price_at(path, [10, 11, 20, 25], wait_ns=100)
    assert price.tolist() == [1.0, 2.0, 2.0, 3.0]
    assert end_ns.tolist() == [13, 23, 23, 33]
    assert set(state) == {LABELLED}


def test_a_bar_more_than_the_wait_after_due_is_censored_and_at_the_wait_it_is_not():
    path = bar_path(bars([10, 50]))
    price, end_ns, state = price_at(path, [39, 40, 50], wait_ns=10)
    assert state.tolist() == [CENSORED, LABELLED, LABELLED]
    assert np.isnan(price[0])
    assert end_ns[0] == MISSING_NS


def test_after_the_last_bar_the_price_is_pending_however_long_ago_that_was():
    price, end_ns, state = price_at(bar_path(bars([10])), [11, 10_000], wait_ns=5)
    assert np.isnan(price).all()
    assert (end_ns == MISSING_NS).all()
    assert (state == PENDING).all()


def test_on_ticks_the_price_is_the_last_mid_at_or_before_due_and_never_the_next():
    path = tick_path(quotes([10, 20, 30], [1.0, 2.0, 3.0]))
    price, end_ns, state = price_at(path, [10, 19, 20, 29], wait_ns=100)
    assert price.tolist() == [1.0, 1.0, 2.0, 2.0]
    assert end_ns.tolist() == [10, 20, 20, 30]
    assert set(state) == {LABELLED}


def test_on_ticks_a_price_is_pending_until_a_tick_at_or_after_due_has_come():
    path = tick_path(quotes([10, 20], [1.0, 2.0]))
    price, end_ns, state = price_at(path, [20, 21], wait_ns=100)
    assert state.tolist() == [LABELLED, PENDING]
    assert np.isnan(price[1])
    assert end_ns[1] == MISSING_NS


def test_of_ticks_at_one_instant_the_last_row_counts():
    path = tick_path(quotes([10, 10, 20], [1.0, 5.0, 2.0]))
    assert price_at(path, [10, 12], wait_ns=100).price.tolist() == [5.0, 5.0]


def test_ticks_further_apart_than_the_wait_censor_what_falls_due_between_them():
    path = tick_path(quotes([10, 31], [1.0, 2.0]))
    assert price_at(path, [10, 20], wait_ns=20).state.tolist() == [LABELLED, CENSORED]
    assert price_at(path, [20], wait_ns=21).state.tolist() == [LABELLED]


def test_before_the_first_tick_there_is_no_price():
    path = tick_path(quotes([10, 20], [1.0, 2.0]))
    price, _, state = price_at(path, [5], wait_ns=100)
    assert np.isnan(price[0])
    assert state[0] == CENSORED


def test_without_rows_every_price_is_pending():
    path = bar_path(bars([], []))
    price, end_ns, state = price_at(path, [5, 6], wait_ns=100)
    assert np.isnan(price).all()
    assert (end_ns == MISSING_NS).all()
    assert (state == PENDING).all()


def test_rows_may_come_in_any_order():
    frame = bars([10, 20, 30, 40])
    path = bar_path(frame.sample(fraction=1, shuffle=True, seed=1))
    assert path.time_ns.tolist() == [10, 20, 30, 40]
    assert path.price.tolist() == [1.0, 2.0, 3.0, 4.0]


def test_a_bar_received_after_a_later_one_is_left_out_and_counted():
    path = bar_path(bars([10, 20, 30], received=[10, 35, 30]))
    assert path.time_ns.tolist() == [10, 30]
    assert path.left_out == 1


def test_two_bars_received_at_one_instant_are_both_taken():
    path = bar_path(bars([10, 20, 30], received=[30, 30, 30]))
    assert path.time_ns.tolist() == [10, 20, 30]
    assert path.known_ns.tolist() == [30, 30, 30]


def test_a_bar_is_not_known_before_its_end_even_where_the_receiver_is_slow():
    assert bar_path(bars([10], received=[7])).known_ns.tolist() == [10]


def test_a_quote_stamped_before_one_already_received_is_left_out_as_stale():
    path = tick_path(quotes([10, 20, 30], [1.0, 2.0, 3.0], event=[10, 9, 11]))
    assert path.price.tolist() == [1.0, 3.0]
    assert path.left_out == 1


def test_high_and_low_are_widened_to_hold_the_close():
    frame = bars([10]).with_columns(high=pl.lit(0.5), low=pl.lit(2.0))
    path = bar_path(frame)
    assert path.high.tolist() == [1.0]
    assert path.low.tolist() == [1.0]


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("inf"), float("nan"), None])
def test_a_price_that_is_no_positive_number_is_refused(wrong):
    frame = bars([10, 20]).with_columns(close=pl.Series([1.0, wrong]))
    with pytest.raises(InputError, match="finite and above 0"):
        bar_path(frame)


def test_a_path_made_by_hand_with_falling_times_is_refused():
    time, price = np.array([2, 1]), np.ones(2)
    with pytest.raises(InputError, match="must not fall"):
        PricePath("tick", time, time, time, price, price, price)


def test_a_path_of_unequal_arrays_is_refused():
    time, price = np.array([1, 2]), np.ones(3)
    with pytest.raises(InputError, match="one length"):
        PricePath("tick", time, time, time, price, price, price)


gaps = st.lists(st.integers(0, 30), min_size=1, max_size=25)
cents = st.lists(st.integers(50, 150), min_size=25, max_size=25)
times = st.integers(-5, 400)


def rows_of(path):
    if path.kind == "tick":
        pairs = zip(path.known_ns, path.price, strict=True)
        return [{"received_ns": int(t), "mid": float(p)} for t, p in pairs]
    names = ("open_ns", "event_ns", "received_ns", "high", "low", "close")
    arrays = (path.begin_ns, path.time_ns, path.known_ns)
    arrays += (path.high, path.low, path.price)
    return [
        dict(zip(names, (x.item() for x in row), strict=True))
        for row in zip(*arrays, strict=True)
    ]


def paths(gaps, cents, latency):
    close = np.array(cents[: len(gaps)], dtype=np.float64)
    end = np.cumsum(np.maximum(gaps, 1))
    yield bar_path(bars(end, close, latency=latency))
    yield tick_path(quotes(np.cumsum(gaps), close))


@given(gaps, cents, st.integers(0, 12), times, st.integers(1, 60), st.integers(0, 40))
@settings(max_examples=150, deadline=None)
def test_entry_exit_and_end_equal_a_plain_walk_over_the_rows(
    gaps, cents, latency, decision_ns, horizon_ns, wait_ns
):
    plan = LabelPlan([horizon_ns], wait_ns=wait_ns)
    for path in paths(gaps, cents, latency):
        due = decision_ns + horizon_ns
        found = leg(path, np.array([decision_ns]), np.array([due]), plan)
        entry, leave, end = ends_oracle(rows_of(path), decision_ns, due, wait_ns)
        price, left = found.entry_price[0], found.exit_price[0]
        assert (None if np.isnan(price) else price) == entry
        if entry is not None:
            assert (None if np.isnan(left) else left) == leave
            assert found.end_ns[0] == (MISSING_NS if end is None else end)
