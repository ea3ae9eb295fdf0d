"""Two clocks: planted steps and drift are found with their size, and nothing else."""

import numpy as np
import pytest

from tradeloop.capture.cleaning import compare_clocks
from tradeloop.errors import InputError

MS = 1_000_000


def stamps(seed, events=6_000, drift_ppm=0.0, wait_ms=200):
    """Two receivers' stamps: each waits on its own way, one for longer in between."""
    chance = np.random.default_rng(seed)
    one = 10**18 + np.cumsum(chance.exponential(100 * MS, events)).astype(np.int64)
    waits = [chance.exponential(3 * MS, events).astype(np.int64) for _ in range(2)]
    waits[0][2_000:2_040] += wait_ms * MS
    drift = (1e-6 * drift_ppm * (one - one[0])).astype(np.int64)
    return one, one + waits[0] - waits[1] + drift


def test_a_planted_step_is_found_where_it_stands_and_with_its_size():
    one, other = stamps(1, drift_ppm=20.0)
    other[3_500:] += 300 * MS
    found = compare_clocks(one, other)
    (step,) = found.steps.to_dicts()
    assert abs(np.searchsorted(one, step["at_ns"]) - 3_500) <= 3
    assert abs(step["size_ns"] - 300 * MS) < 5 * step["error_ns"]
    assert step["error_ns"] < 2 * MS
    assert found.drift_ppm.low < 20 < found.drift_ppm.high


def test_two_steps_that_cancel_are_two_steps():
    one, other = stamps(2)
    other[1_000:4_000] -= 1_000 * MS
    sizes = compare_clocks(one, other).steps["size_ns"].to_list()
    assert [round(size / 1e9) for size in sizes] == [-1, 1]


@pytest.mark.parametrize("ppm", [-500.0, 0.0, 5.0, 500.0])
def test_drift_is_found_and_its_interval_holds_it(ppm):
    held = 0
    for seed in range(20):
        found = compare_clocks(*stamps(seed, drift_ppm=ppm))
        held += found.drift_ppm.low <= ppm <= found.drift_ppm.high
        assert found.drift_ppm.value == pytest.approx(ppm, abs=6)
    assert held >= 18


def test_clocks_without_a_step_show_none_as_often_as_is_said():
    alarms = sum(compare_clocks(*stamps(seed)).steps.height > 0 for seed in range(100))
    assert alarms <= 4


def test_a_burst_that_waits_is_no_step():
    one, other = stamps(5)
    calm = compare_clocks(*stamps(5, wait_ms=0))
    found = compare_clocks(one, other)
    assert found.steps.height == calm.steps.height == 0
    assert found.offset_ns == pytest.approx(calm.offset_ns, abs=MS)


def test_one_clock_against_itself_shows_nothing():
    one, _ = stamps(6)
    found = compare_clocks(one, one)
    assert found.steps.height == 0
    assert found.drift_ppm.value == found.offset_ns == 0


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        ([1, 2], [1], "same events"),
        ([2, 1], [1, 2], "in order of the first"),
        ([], [], "there are 0"),
        (list(range(50)), list(range(50)), "20 bins of 5 events"),
    ],
)
def test_stamps_that_cannot_be_compared_are_one_clear_error(one, other, says):
    with pytest.raises(InputError, match=says):
        compare_clocks(np.array(one, np.int64), np.array(other, np.int64))
