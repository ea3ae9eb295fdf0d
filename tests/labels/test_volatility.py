"""Volatility at a decision: of what was known at it, on bars and on ticks."""

import math
from dataclasses import replace

import numpy as np
import pytest

from reference.label_market import HOUR, bars, rows_of
from reference.labels import volatility_oracle
from tradeloop.clock import NS_PER_SECOND as SECOND
from tradeloop.labels import PricePath, bar_path, row_volatility, volatility_at
from tradeloop.labels.scenes import random_scene
from tradeloop.labels.volatility import first_row_used

HORIZON = 420 * SECOND


def at(path, decision_ns, *, horizon_ns=HORIZON, rows=8):
    entry = np.searchsorted(path.known_ns, decision_ns, side="right") - 1
    return volatility_at(path, entry, decision_ns, horizon_ns=horizon_ns, rows=rows)


@pytest.mark.parametrize("kind", ["bar", "tick"])
@pytest.mark.parametrize("rows", [2, 5, 20])
@pytest.mark.parametrize("seed", range(4))
def test_it_equals_the_slow_oracle_on_random_markets(seed, kind, rows):
    scene = random_scene(seed, kind, decisions=60)
    found = at(scene.path, scene.decision_ns, rows=rows)
    market = rows_of(scene.path)
    for value, decision_ns in zip(found, scene.decision_ns.tolist(), strict=True):
        expected = volatility_oracle(market, decision_ns, HORIZON, rows)
        assert (expected is None) == math.isnan(value)
        if expected is not None:
            assert value == pytest.approx(expected, rel=1e-9)
    assert np.isfinite(found).sum() > 10


def test_by_hand_two_returns_of_hourly_bars_over_four_hours():
    # ln 1.1 and ln 0.9: mean 0.0050252, squared distance 2 x 0.0100336^2 x ... by hand
    # std = |ln 1.1 - ln 0.9| / sqrt 2; four hours are four rows, hence times 2
    path = bar_path(bars("A", [100, 110, 99]))
    expected = 2 * (math.log(1.1) - math.log(0.9)) / math.sqrt(2)
    found = at(path, np.array([3 * HOUR]), horizon_ns=4 * HOUR, rows=2)
    assert found[0] == pytest.approx(expected, rel=1e-12)


def test_a_weekend_among_the_rows_does_not_change_how_many_rows_a_horizon_holds():
    ends = HOUR * np.array([1, 2, 3, 51, 52, 53], dtype=np.int64)
    price = np.array([100.0, 101, 100, 101, 100, 101])
    path = PricePath("bar", ends - HOUR, ends, ends, price, price, price)
    found = at(path, ends[-1:], horizon_ns=4 * HOUR, rows=5)
    single = row_volatility(path, np.array([5]), rows=5)
    assert found[0] == pytest.approx(2 * single[0], rel=1e-12)


def test_it_is_missing_while_there_are_too_few_rows_and_where_nothing_moves():
    path = bar_path(bars("A", [100, 101, 102, 103]))
    assert np.isnan(at(path, HOUR * np.array([0, 1, 4]), rows=4)).all()
    for still in ([100.0] * 9, [100 * 1.01**k for k in range(9)]):
        flat = bar_path(bars("A", still))
        assert np.isnan(at(flat, np.array([9 * HOUR]), rows=5)).all()


@pytest.mark.parametrize("kind", ["bar", "tick"])
def test_rows_before_the_first_used_one_and_after_the_decision_do_not_count(kind):
    scene = random_scene(3, kind, decisions=40)
    path, times = scene.path, scene.decision_ns
    found, seen = at(path, times), 0
    entry = np.searchsorted(path.known_ns, times, side="right") - 1
    first = first_row_used(path, entry, times, horizon_ns=HORIZON, rows=8)
    for k in np.flatnonzero(np.isfinite(found)):
        row = np.arange(len(path))
        used = (row >= first[k]) & (row <= entry[k])
        price = np.where(used, path.price, 7 * path.price)
        other = replace(path, price=price, high=price, low=price)
        assert at(other, times[k : k + 1])[0] == found[k]
        for edge in (first[k], entry[k]):
            price = np.where(row == edge, 7 * path.price, path.price)
            other = replace(path, price=price, high=price, low=price)
            seen += at(other, times[k : k + 1])[0] != found[k]
    # on ticks a grid may pass over the last one, never over the first
    assert seen > 20


def test_of_each_row_it_is_the_same_series_whatever_comes_after():
    path = random_scene(1, "bar").path
    rows = np.arange(len(path))
    whole = row_volatility(path, rows, rows=10)
    known = path.known_by(int(path.known_ns[60]))
    part = row_volatility(known, rows[: len(known)], rows=10)
    np.testing.assert_array_equal(part, whole[: len(known)])
    assert np.isnan(whole[:10]).all()
    assert np.isfinite(whole[10:]).all()
