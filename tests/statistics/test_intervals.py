"""Intervals: published values, the right coverage, the same for the same seed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeloop.errors import InputError
from tradeloop.statistics import Interval, block_bootstrap, wilson


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [  # Newcombe (1998), Statistics in Medicine 17, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_the_published_intervals(successes, trials, low, high):
    found = wilson(successes, trials)
    assert found.value == successes / trials
    assert found.low == pytest.approx(low, abs=5e-5)
    assert found.high == pytest.approx(high, abs=5e-5)


@given(st.integers(0, 500), st.integers(0, 500), st.floats(0.01, 0.999))
def test_wilson_holds_the_share_and_mirrors_with_the_failures(right, wrong, level):
    if right + wrong:
        found = wilson(right, right + wrong, level=level)
        assert 0 <= found.low <= found.value <= found.high <= 1
        assert found.low < found.high
        other = wilson(wrong, right + wrong, level=level)
        assert other.low == pytest.approx(1 - found.high, abs=1e-12)


def test_wilson_covers_the_true_share_about_as_often_as_it_says():
    draws = np.random.default_rng(1).binomial(80, 0.3, 4000)
    found = [wilson(int(successes), 80) for successes in draws]
    held = [each.low <= 0.3 <= each.high for each in found]
    assert 0.93 < np.mean(held) < 0.97


@pytest.mark.parametrize(
    ("successes", "trials", "level"),
    [(1, 0, 0.9), (-1, 5, 0.9), (6, 5, 0.9), (1, 5, 0), (1, 5, 1), (1.5, 5, 0.9)],
)
def test_wilson_refuses_counts_and_levels_that_cannot_be(successes, trials, level):
    with pytest.raises(InputError):
        wilson(successes, trials, level=level)


def test_an_interval_whose_ends_are_crossed_or_missing_is_refused():
    with pytest.raises(InputError, match="must not exceed"):
        Interval(1.0, 2.0, 1.0, 0.95)
    with pytest.raises(InputError, match="must not exceed"):
        Interval(1.0, float("nan"), 1.0, 0.95)


ROWS = np.random.default_rng(7).normal(0.1, 1, 400)


def test_the_same_seed_gives_the_same_interval_whatever_else_is_drawn():
    one = block_bootstrap(np.mean, ROWS, block_rows=5, seed=3)
    np.random.default_rng().normal(size=100)
    assert block_bootstrap(np.mean, ROWS, block_rows=5, seed=3) == one
    assert block_bootstrap(np.mean, ROWS, block_rows=5, seed=4) != one


def test_with_blocks_of_one_row_the_interval_of_a_mean_is_the_textbook_one():
    found = block_bootstrap(np.mean, ROWS, block_rows=1, seed=1, repeats=4000)
    half = 1.96 * ROWS.std() / np.sqrt(len(ROWS))
    assert found.value == ROWS.mean()
    assert found.low == pytest.approx(ROWS.mean() - half, abs=0.1 * half)
    assert found.high == pytest.approx(ROWS.mean() + half, abs=0.1 * half)


def test_blocks_widen_the_interval_of_rows_that_depend_on_one_another():
    noise = np.random.default_rng(2).normal(size=1000)
    rows = np.convolve(noise, np.ones(20) / 20, mode="valid")
    one = block_bootstrap(np.mean, rows, block_rows=1, seed=1)
    many = block_bootstrap(np.mean, rows, block_rows=40, seed=1)
    assert many.high - many.low > 2.5 * (one.high - one.low)


def test_rows_of_several_columns_are_drawn_whole():
    rows = np.column_stack([ROWS, 2 * ROWS])
    found = block_bootstrap(
        lambda sample: float(np.abs(sample[:, 1] - 2 * sample[:, 0]).max()),
        rows,
        block_rows=4,
        seed=1,
        repeats=50,
    )
    assert (found.low, found.value, found.high) == (0.0, 0.0, 0.0)


def test_a_row_that_is_not_finite_is_named():
    rows = ROWS.copy()
    rows[17] = np.nan
    with pytest.raises(InputError, match="row 17"):
        block_bootstrap(np.mean, rows, block_rows=5, seed=1)


def test_a_statistic_that_is_not_finite_on_a_resample_is_refused():
    rows = np.array([0.0] * 9 + [1.0])
    with pytest.raises(InputError, match="resample"), np.errstate(divide="ignore"):
        block_bootstrap(lambda sample: np.log(sample.max()), rows, block_rows=1, seed=1)


@pytest.mark.parametrize(
    "arguments",
    [
        {"block_rows": 0},
        {"block_rows": 401},
        {"block_rows": 2, "level": 1.0},
        {"block_rows": 2, "repeats": 1},
    ],
)
def test_a_bootstrap_that_cannot_be_is_refused(arguments):
    with pytest.raises(InputError):
        block_bootstrap(np.mean, ROWS, seed=1, **arguments)


def test_one_row_is_too_few():
    with pytest.raises(InputError, match="at least 2 rows"):
        block_bootstrap(np.mean, np.ones(1), block_rows=1, seed=1)
