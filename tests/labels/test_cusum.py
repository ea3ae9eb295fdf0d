"""Events by the symmetric CUSUM filter."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.label_market import HOUR, bars
from reference.labels import cusum_oracle
from tradeloop.errors import InputError
from tradeloop.labels import bar_path, cusum_events, row_volatility
from tradeloop.labels.scenes import random_path

prices = st.lists(st.floats(50, 200), min_size=1, max_size=60)


def pairs(events):
    return list(zip(events.row.tolist(), events.way.tolist(), strict=True))


@given(prices, st.floats(0.01, 1.0))
def test_events_equal_the_slow_oracle(closes, bound):
    events = cusum_events(bar_path(bars("A", closes)), bound)
    assert pairs(events) == cusum_oracle(closes, [bound] * len(closes))


@given(prices, st.floats(0.01, 1.0))
def test_each_event_is_a_move_of_the_threshold_from_some_price_since_the_one_before(
    closes, bound
):
    log = np.log(closes)
    last = {1: 0, -1: 0}
    for row, way in pairs(cusum_events(bar_path(bars("A", closes)), bound)):
        since = way * log[last[way] : row]
        assert way * log[row] - since.min() >= bound - 1e-9
        last[way] = row


@given(prices, st.floats(0.01, 1.0))
def test_mirrored_prices_have_the_mirrored_events(closes, bound):
    path = bar_path(bars("A", closes))
    other = bar_path(bars("A", [1e4 / close for close in closes]))
    here, there = cusum_events(path, bound), cusum_events(other, bound * (1 + 1e-9))
    tight = cusum_events(path, bound * (1 + 2e-9))
    if pairs(here) == pairs(tight):  # no sum stands right on the threshold
        assert here.row.tolist() == there.row.tolist()
        assert (here.way == -there.way).all()


def test_an_event_is_where_the_threshold_is_reached_and_the_sum_starts_anew():
    step = math.log(2)
    path = bar_path(bars("A", [1, 2, 4, 8, 4, 2, 1]))
    events = cusum_events(path, 2 * step - 1e-9)
    # up 2 at row 2; up 1 at row 3; the sum of falls reaches 2 at row 5
    assert pairs(events) == [(2, 1), (5, -1)]
    assert events.known_ns.tolist() == [3 * HOUR, 6 * HOUR]


def test_a_series_judges_the_row_after_the_one_it_was_known_at():
    path = bar_path(bars("A", [100, 110, 121, 133.1]))
    bound = np.array([9.0, 0.05, 9.0, 9.0])
    assert pairs(cusum_events(path, bound)) == [(2, 1)]
    later = np.array([9.0, 9.0, 9.0, 0.05])  # known at the last row: for the next one
    assert pairs(cusum_events(path, later)) == []


@pytest.mark.parametrize("kind", ["bar", "tick"])
def test_events_made_as_prices_come_in_stay_what_they_are(kind):
    path = random_path(np.random.default_rng(4), kind, 300)

    def events(known):
        rows = np.arange(len(known))
        return pairs(cusum_events(known, 2 * row_volatility(known, rows, rows=10)))

    if kind == "tick":
        assert len(np.unique(path.known_ns)) > 200
    whole = events(path)
    assert len(whole) > 10
    for as_of_ns in path.known_ns[::23].tolist():
        known = path.known_by(as_of_ns)
        assert events(known) == [pair for pair in whole if pair[0] < len(known)]


def test_where_the_threshold_is_not_known_the_row_is_passed_over():
    path = bar_path(bars("A", [100, 120, 121, 122]))
    bound = np.array([np.nan, 0.1, 0.1, 0.1])
    assert pairs(cusum_events(path, bound)) == []


def test_no_prices_have_no_events():
    assert pairs(cusum_events(bar_path(bars("A", [])), 0.1)) == []


@pytest.mark.parametrize("bound", [0.0, -1.0, math.nan, [0.1], [0.1, 0.0]])
def test_a_threshold_that_is_not_above_0_or_of_another_length_is_refused(bound):
    given = np.array(bound) if isinstance(bound, list) else bound
    with pytest.raises(InputError, match="threshold"):
        cusum_events(bar_path(bars("A", [1, 2])), given)
