import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeloop.errors import InputError
from tradeloop.signals import confidence_interval
from tradeloop.statistics import wilson


@given(st.integers(0, 400), st.integers(1, 400))
def test_it_is_the_wilson_interval_of_one_bin(right, count):
    right = min(right, count)
    low, high = confidence_interval(right / count, 10 * count)
    expected = wilson(right, count)
    assert low == pytest.approx(expected.low, abs=1e-9)
    assert high == pytest.approx(expected.high, abs=1e-9)


@given(st.floats(0, 1), st.integers(1, 10**7), st.floats(0.01, 0.99))
def test_it_holds_the_confidence_and_stays_a_probability(p, rows, level):
    low, high = confidence_interval(p, rows, level=level)
    assert 0 <= low <= p <= high <= 1


@given(st.floats(0, 1), st.integers(10, 10**5))
def test_more_rows_never_make_it_wider(p, rows):
    fewer, more = confidence_interval(p, rows), confidence_interval(p, 4 * rows)
    assert more[1] - more[0] <= fewer[1] - fewer[0] + 1e-12


def test_without_rows_or_a_probability_it_is_the_whole_range():
    assert confidence_interval(0.6, 0) == (0.0, 1.0)
    assert confidence_interval(float("nan"), 500) == (0.0, 1.0)
    assert confidence_interval(1.5, 500) == (0.0, 1.0)


def test_nineteen_of_twenty_hold_what_came_true():
    """A calibration that drew its bin from the true chance: how often it is inside."""
    draw = np.random.default_rng(8)
    rows, chance = 2_000, 0.57
    seen = draw.binomial(rows // 10, chance, size=4_000) / (rows // 10)
    ends = np.array([confidence_interval(p, rows) for p in seen])
    inside = (ends[:, 0] <= chance) & (chance <= ends[:, 1])
    assert 0.93 <= inside.mean() <= 0.97


@pytest.mark.parametrize("level", [0.0, 1.0, float("nan")])
def test_a_level_out_of_range_is_refused(level):
    with pytest.raises(InputError, match="level"):
        confidence_interval(0.5, 100, level=level)
