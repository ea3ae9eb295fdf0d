"""The fast bootstrap against the slow one: the same draws, the same intervals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradeloop.errors import InputError
from tradeloop.statistics import block_bootstrap
from tradeloop.statistics.resamples import OfMeans, Resamples

ROWS = np.random.default_rng(7).normal(0.1, 1, (120, 2))


def first(means):
    return means[:, 0]


def correlation(means):
    one, other, squares, others, both = means.T
    return (both - one * other) / np.sqrt((squares - one**2) * (others - other**2))


@pytest.mark.parametrize("block", [1, 5, 40, 120])
def test_the_interval_of_a_mean_is_that_of_the_slow_bootstrap(block):
    draw = Resamples(120, block, 200, 0.9, seed=3)
    values = draw.values({"mean": OfMeans(ROWS[:, :1], first)})["mean"]
    slow = block_bootstrap(
        lambda rows: float(rows.mean()),
        ROWS[:, 0],
        block_rows=block,
        repeats=200,
        level=0.9,
        seed=3,
    )
    found = draw.interval(values)
    assert found.value == pytest.approx(slow.value, abs=1e-14)
    assert (found.low, found.high) == pytest.approx((slow.low, slow.high), abs=1e-14)


def test_the_interval_of_a_function_of_means_is_that_of_the_slow_bootstrap():
    x, y = ROWS.T
    columns = np.column_stack([x, y, x * x, y * y, x * y])
    draw = Resamples(120, 6, 200, seed=4)
    found = draw.interval(draw.values({"r": OfMeans(columns, correlation)})["r"])
    slow = block_bootstrap(
        lambda rows: float(np.corrcoef(rows.T)[0, 1]),
        ROWS,
        block_rows=6,
        repeats=200,
        seed=4,
    )
    assert found.low == pytest.approx(slow.low, abs=1e-12)
    assert found.high == pytest.approx(slow.high, abs=1e-12)


@given(st.integers(2, 60), st.integers(1, 60), st.integers(0, 999))
@settings(max_examples=60, deadline=None)
def test_every_resample_draws_as_many_rows_as_there_are(rows, block, seed):
    draw = Resamples(rows, min(block, rows), 20, seed=seed)
    counts = np.concatenate(list(draw.counts()))
    assert counts.shape == (20, rows)
    assert (counts.sum(axis=1) == rows).all()
    assert counts.min() >= 0


def test_chunks_do_not_change_the_draws(monkeypatch):
    whole = np.concatenate(list(Resamples(50, 4, 30, seed=1).counts()))
    monkeypatch.setattr("tradeloop.statistics.resamples._CHUNK_CELLS", 130)
    assert np.array_equal(
        np.concatenate(list(Resamples(50, 4, 30, seed=1).counts())), whole
    )


def test_a_statistic_of_weights_sees_the_rows_first_and_then_the_same_draws():
    draw = Resamples(30, 3, 40, seed=2)
    column = np.arange(30.0)[:, None]
    found = draw.values(
        {"mean": OfMeans(column, first)},
        {"weighted": lambda weights: weights @ column[:, 0] / 30},
    )
    assert found["mean"][0] == pytest.approx(14.5)
    assert len(found["mean"]) == 41
    np.testing.assert_allclose(found["mean"], found["weighted"])


def test_columns_shared_by_two_statistics_are_averaged_once_and_used_by_both():
    draw = Resamples(120, 3, 20, seed=2)
    second = OfMeans(ROWS, lambda means: means[:, 1])
    found = draw.values({"a": OfMeans(ROWS, first), "b": second})
    assert found["a"][0] == pytest.approx(ROWS[:, 0].mean())
    assert found["b"][0] == pytest.approx(ROWS[:, 1].mean())


def test_resamples_that_do_not_allow_the_statistic_are_left_out():
    draw = Resamples(5, 1, 10)
    values = np.array([1.0, np.nan, 0.5, 1.5])
    found = draw.interval(values)
    assert (found.low, found.high) == pytest.approx((0.525, 1.475))
    assert draw.interval(np.array([np.nan, 1.0])) is None
    assert draw.interval(np.array([1.0, np.nan])) is None
    with pytest.raises(InputError, match="finite on the 5 rows"):
        draw.certain(np.array([np.nan, 1.0]))


@pytest.mark.parametrize("terms", [(1, 1), (5, 0), (5, 6), (5, 1, 1), (5, 1, 10, 1.0)])
def test_resamples_that_cannot_be_are_refused(terms):
    with pytest.raises(InputError):
        Resamples(*terms)
