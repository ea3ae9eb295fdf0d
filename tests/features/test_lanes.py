"""The tightest live loops: the bits of history, and nothing they point to goes away."""

import gc
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from reference.market import random_columns
from tradeloop.features import Bank, Lanes, LiveBank
from tradeloop.features.checks import Subject, run_history
from tradeloop.features.momentum.rsi import rsi
from tradeloop.features.rolling.extremes import extremes
from tradeloop.features.trend.macd import macd


def bank():
    return Bank([rsi(5), macd(3, 7, 4), extremes(6)])


def rows_of(made, seed, rows=60):
    return np.ascontiguousarray(Subject(made).rows(random_columns(seed, rows)))


def test_lane_outlives_the_bank_that_made_it():
    made = bank()
    rows = rows_of(made, 1)
    wanted = run_history(made, rows)
    lane = LiveBank(bank()).lane("S")
    del made
    gc.collect()
    junk = [np.full(50, 7.0) for _ in range(2000)]  # takes freed memory
    for k, row in enumerate(rows.T):
        lane.row[:] = row
        lane.step()
        np.testing.assert_array_equal(lane.values, wanted[:, k])
    assert len(junk) == 2000


def test_lanes_together_are_each_alone():
    made, n = bank(), 9
    rows = np.stack([rows_of(made, seed) for seed in range(n)], axis=2)
    lanes = Lanes(made, n)
    for k in range(rows.shape[1]):
        lanes.rows[:] = rows[:, k]
        lanes.step()
    for lane in range(n):
        alone = run_history(made, np.ascontiguousarray(rows[:, :, lane]))
        np.testing.assert_array_equal(lanes.values[:, lane], alone[:, -1])


def test_a_bank_may_be_used_first_by_many_threads_at_once():
    rows = rows_of(bank(), 3)
    wanted = run_history(bank(), rows)
    for _ in range(20):
        made = bank()
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _, b=made: run_history(b, rows), range(8)))
        for each in found:
            np.testing.assert_array_equal(each, wanted)
