"""Figures of the published probe: 2,000 one-minute rows, six groups, two in the test.

Source: research/splits_probe.py. A splitter that counts rows must drop as many on each
side of the test as the longest label spans, and so keeps 733 of 1,333 training rows
(732.5 here: which group takes the rows that six does not divide is open).
"""

import itertools

import numpy as np
import pytest

from tradeloop.datasets import (
    CombinatorialPurged,
    HoldOut,
    PurgedKFold,
    PurgedWalkForward,
    purge,
)

ROWS, VERTICAL, BARRIER = 2_000, 240, 12
START = np.arange(ROWS)


def triple_barrier_ends():
    """Row at which each of 2,000 one-minute triple-barrier labels became known."""
    path = np.cumsum(np.random.default_rng(7).normal(0, 1, ROWS + 300))
    ends = []
    for i in range(ROWS):
        move = np.abs(path[i + 1 : i + 1 + VERTICAL] - path[i])
        hit = np.flatnonzero(move >= BARRIER)
        ends.append(i + 1 + (int(hit[0]) if hit.size else VERTICAL - 1))
    return np.array(ends)


ENDS = {"fixed30": START + 30, "triple_barrier": triple_barrier_ends()}
SPLITTERS = (
    CombinatorialPurged(6, 2),
    HoldOut(),
    PurgedKFold(5),
    PurgedWalkForward(folds=5),
    PurgedWalkForward(folds=5, window_ns=400),
)


def leaked(split, end):
    train, test = split
    meets = (train[:, None] <= end[test]) & (end[train][:, None] >= test)
    return int(meets.any(axis=1).sum())


@pytest.mark.parametrize("kind", ENDS)
@pytest.mark.parametrize("splitter", SPLITTERS, ids=repr)
def test_no_row_of_the_probe_leaks(splitter, kind):
    splits = list(splitter.split(START, ENDS[kind]))
    assert [leaked(split, ENDS[kind]) for split in splits] == [0] * splitter.count()


def test_labels_of_the_probe_span_what_was_published():
    span = ENDS["triple_barrier"] - START
    assert (span.min(), np.median(span), span.max()) == (13, 97, 240)


def test_at_least_985_training_rows_are_kept_where_counting_keeps_733():
    end = ENDS["triple_barrier"]
    splits = list(CombinatorialPurged(6, 2).split(START, end))
    kept = np.mean([train.size for train, _ in splits])
    longest = int((end - START).max())
    counted = []
    for _, test in splits:
        near = np.abs(START[:, None] - test).min(axis=1) <= longest
        counted.append(ROWS - near.sum())
    assert 985 <= kept <= 986
    assert 732 <= np.mean(counted) <= 733


@pytest.mark.parametrize("kind", ENDS)
def test_interval_purge_equals_the_probe_that_purges_segment_by_segment(kind):
    end = ENDS[kind]
    groups = np.array_split(START, 6)
    for pair in itertools.combinations(groups, 2):
        keep = np.ones(ROWS, bool)
        for test in pair:
            keep &= ~((end[test].max() >= START) & (end >= test.min()))
        tested = np.concatenate(pair)
        train = np.setdiff1d(START, tested)
        assert np.array_equal(purge(START, end, (train, tested)), np.flatnonzero(keep))


def test_purging_by_the_median_span_would_leak():
    end = ENDS["triple_barrier"]
    median = int(np.median(end - START))
    test = np.arange(667, 1_000)
    near = np.abs(START[:, None] - test).min(axis=1) <= median
    assert leaked((np.flatnonzero(~near), test), end) > 0
