"""Two sources of one price: planted shifts are found, and nothing else is."""

import math

import numpy as np
import polars as pl
import pytest

from tradeloop.capture.cleaning import align, align_by_month, compare_triangle
from tradeloop.clock import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE
from tradeloop.errors import InputError

STEPS = 24 * 60


def two_sources(seed, steps=STEPS, noise=0.3):
    """Prices of one walk with fat tails, each source with a noise of its own."""
    chance = np.random.default_rng(seed)
    walk = np.cumsum(chance.standard_t(3, steps) * chance.gamma(1, 1, steps)) * 1e-4
    at = pl.Series("event_ns", (np.arange(steps) + 1) * NS_PER_HOUR)
    return tuple(
        pl.DataFrame([at]).with_columns(
            price=np.exp(walk + noise * 1e-4 * chance.normal(size=steps))
        )
        for _ in range(2)
    )


def shifted(frame, ns):
    return frame.with_columns(pl.col("event_ns") + ns)


@pytest.mark.parametrize("shift", [-3, -1, 0, 1, 2])
def test_a_planted_shift_is_found_with_its_sign(shift):
    one, other = two_sources(1)
    found = align(
        one, shifted(other, shift * NS_PER_HOUR), step_ns=NS_PER_HOUR, shifts=4
    )
    assert found.shift_ns == shift * NS_PER_HOUR
    assert found.lined_up == (shift == 0)
    assert found.related
    assert found.best.low < found.best.value < found.best.high
    assert found.shifts_tried == 9


def test_the_correlation_is_that_of_the_textbook():
    one, other = two_sources(2, steps=200)
    found = align(one, other, step_ns=NS_PER_HOUR, shifts=1)
    x, y = (np.diff(np.log(frame["price"].to_numpy())) for frame in (one, other))
    assert found.best.value == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-12)
    earlier = found.correlations.filter(pl.col("shift_ns") == NS_PER_HOUR)
    assert earlier["correlation"].item() == pytest.approx(
        np.corrcoef(x[:-1], y[1:])[0, 1], abs=1e-12
    )


def test_sources_that_line_up_raise_few_false_alarms():
    alarms = sum(
        not align(*two_sources(seed, 300), step_ns=NS_PER_HOUR, shifts=6).lined_up
        for seed in range(40)
    )
    assert alarms == 0


def test_the_level_holds_for_sources_that_have_nothing_in_common():
    """At 95 % about one in twenty pairs may seem related; one in forty ahead."""
    related = 0
    for seed in range(60):
        one, other = two_sources(seed, 400)[0], two_sources(seed + 1000, 400)[1]
        related += align(one, other, step_ns=NS_PER_HOUR, shifts=3).related
    assert related <= 6


def test_an_hour_of_summer_time_is_found_in_its_months():
    one, other = two_sources(3, steps=365 * 24)
    month = pl.from_epoch("event_ns", time_unit="ns").dt.month()
    late = pl.when(month.is_between(4, 9)).then(NS_PER_HOUR).otherwise(0)
    other = other.with_columns(pl.col("event_ns") + late)
    found = align_by_month(one, other, step_ns=NS_PER_HOUR, shifts=3)
    summer = found["month"].dt.month().is_between(4, 9)
    assert found["month"].is_sorted()
    assert found.height == 12
    assert (found.filter(summer)["shift_ns"] == NS_PER_HOUR).all()
    assert not found.filter(summer)["lined_up"].any()
    assert found.filter(~summer)["lined_up"].all()


def test_gaps_make_no_returns_and_odd_prices_are_left_out():
    one, other = two_sources(4, steps=200)
    holed = other.with_row_index().filter(pl.col("index") % 10 != 0).drop("index")
    bad = holed.with_columns(
        price=pl.when(pl.int_range(pl.len()) == 5).then(-1.0).otherwise("price")
    )
    found = align(one, bad, step_ns=NS_PER_HOUR, shifts=1)
    # Of ten steps eight have one before them; the odd price costs two more.
    assert found.pairs == 200 * 8 // 10 - 1 - 1
    assert found.lined_up


def test_a_price_at_the_end_of_a_step_belongs_to_that_step():
    one, other = two_sources(5)
    early = shifted(other, -NS_PER_MINUTE)
    assert align(one, early, step_ns=NS_PER_HOUR, shifts=1).best.value > 0.9


def test_too_few_common_returns_are_one_clear_error():
    one, other = two_sources(6, steps=30)
    with pytest.raises(InputError, match="there are 29"):
        align(one, other, step_ns=NS_PER_HOUR, shifts=1)
    assert align_by_month(one, other, step_ns=NS_PER_HOUR, shifts=1).height == 0


def leg(values, step=NS_PER_DAY):
    at = [step * (k + 1) for k in range(len(values))]
    return pl.DataFrame({"event_ns": at, "price": values})


def test_a_triangle_that_closes_has_no_error_and_one_that_does_not_has():
    chance = np.random.default_rng(7)
    first, second = chance.uniform(1, 2, 101), chance.uniform(50, 90, 101)
    exact = compare_triangle(leg(first), leg(second), leg(first * second))
    assert exact.rows == 101
    assert exact.median_error.high < 1e-15
    off = compare_triangle(leg(first), leg(second), leg(first * second * 1.001))
    assert off.bias == pytest.approx(1 / 1.001 - 1)
    assert off.median_error.value == pytest.approx(abs(off.bias))


def test_the_interval_of_the_median_holds_it_as_often_as_it_says():
    held = 0
    for seed in range(200):
        chance = np.random.default_rng(seed)
        off = leg(np.exp(chance.laplace(0, 1e-4, 61)))
        flat = leg(np.ones(61))
        found = compare_triangle(off, flat, flat).median_error
        held += found.low <= 1e-4 * math.log(2) <= found.high
    assert held >= 0.92 * 200


def test_a_triangle_without_common_times_is_one_clear_error():
    with pytest.raises(InputError, match="there are 0"):
        compare_triangle(leg([1.0] * 40), leg([1.0] * 40), leg([1.0] * 40, 7))
