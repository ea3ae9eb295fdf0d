"""Laws that every splitter passes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.label_intervals import meets_oracle
from tradeloop.datasets import (
    ALL,
    CombinatorialPurged,
    HoldOut,
    PurgedKFold,
    PurgedWalkForward,
    TimedSplits,
)
from tradeloop.errors import InputError

PLENTY = {
    CombinatorialPurged: {"groups": 4, "test_groups": 2},
    HoldOut: {},
    PurgedKFold: {"folds": 4},
    PurgedWalkForward: {"folds": 3},
}
AROUND = (CombinatorialPurged, PurgedKFold)
EACH = pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)


@st.composite
def intervals(draw):
    steps = draw(st.lists(st.integers(0, 5), min_size=8, max_size=60))
    spans = draw(st.lists(st.integers(0, 40), min_size=len(steps), max_size=len(steps)))
    start = np.cumsum(steps)
    order = draw(st.permutations(range(len(steps))))
    return start[order], (start + np.array(spans))[order]


def folds_of(kind, times, **more):
    """Folds of random intervals; a refusal for too few rows is an honest answer."""
    try:
        return list(kind(**PLENTY[kind], min_rows=1, **more).split(*times))
    except InputError as error:
        if "keeps 0" in str(error):
            return []
        raise


def test_every_splitter_has_arguments_here():
    assert set(PLENTY) == set(ALL)


@EACH
@settings(max_examples=60, deadline=None)
@given(times=intervals(), embargo_ns=st.integers(0, 20))
def test_no_training_label_overlaps_a_test_label_embargo_included(
    kind, times, embargo_ns
):
    start, end = times
    for train, test in folds_of(kind, times, embargo_ns=embargo_ns):
        if kind in AROUND:
            guarded = (start[test], end[test] + embargo_ns)
        else:
            guarded = (start[test] - embargo_ns, end[test])
        assert not any(meets_oracle(start[train], end[train], *guarded))


@EACH
@settings(max_examples=30, deadline=None)
@given(times=intervals())
def test_training_and_test_rows_are_apart_and_decisions_of_one_time_stay_together(
    kind, times
):
    start, _ = times
    for train, test in folds_of(kind, times):
        assert not np.intersect1d(train, test).size
        assert not np.intersect1d(start[train], start[test]).size


@EACH
@settings(max_examples=30, deadline=None)
@given(times=intervals(), seed=st.integers(0, 99))
def test_order_of_the_rows_does_not_matter(kind, times, seed):
    start, end = times
    order = np.random.default_rng(seed).permutation(start.size)
    plain = folds_of(kind, times)
    mixed = folds_of(kind, (start[order], end[order]))
    assert len(plain) == len(mixed)
    for ours, theirs in zip(plain, mixed, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            assert set(a.tolist()) == set(order[b].tolist())


@EACH
def test_folds_that_leave_too_few_rows_are_an_error_that_counts_the_purged(kind):
    start = np.arange(100)
    with pytest.raises(InputError, match=r"purged.*Use fewer folds"):
        kind(**PLENTY[kind], min_rows=30).split(start, start + 90)


@EACH
def test_an_empty_dataset_is_refused(kind):
    empty = np.empty(0, np.int64)
    with pytest.raises(InputError, match="keeps 0 training rows"):
        list(kind(min_rows=1).split(empty, empty))


@EACH
def test_count_is_the_number_of_folds(kind):
    splitter = kind(**PLENTY[kind])
    start = np.arange(2_000)
    assert splitter.count() == len(list(splitter.split(start, start + 1)))


@EACH
def test_its_mapping_names_it_and_all_its_parameters(kind):
    mapping = kind(**PLENTY[kind]).as_mapping()
    assert isinstance(mapping["splitter"], str)
    assert {"embargo_ns", "min_rows", *PLENTY[kind]} <= set(mapping)


@EACH
def test_a_label_that_ends_before_its_decision_is_refused_by_row(kind):
    with pytest.raises(InputError, match="row 1"):
        kind().split([1, 2, 3], [1, 1, 3])


@EACH
def test_missing_label_ends_are_refused(kind):
    with pytest.raises(InputError, match="without a label"):
        kind().split([1, 2], [1.0, np.nan])


@EACH
def test_it_is_a_splitter_of_scikit_learn_wherever_its_times_come_from(kind):
    start = np.random.default_rng(0).permutation(900)
    spans = np.column_stack([start, start + 3])
    splitter = kind(**PLENTY[kind])
    plain = list(splitter.split(start, start + 3))
    fixed = TimedSplits(splitter, start, start + 3).split(np.zeros((900, 1)))
    carried = TimedSplits(splitter).split(np.zeros((900, 1)), None, spans)
    for ours, *others in zip(plain, fixed, carried, strict=True):
        for other in others:
            assert np.array_equal(ours[0], other[0])
            assert np.array_equal(ours[1], other[1])
