import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.label_intervals import meets_oracle, purge_oracle
from tradeloop.datasets import (
    CombinatorialPurged,
    HoldOut,
    PurgedKFold,
    PurgedWalkForward,
    fold_of,
    meets,
    purge,
)
from tradeloop.errors import InputError

spans = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=12)


def columns(pairs):
    start = np.array([a for a, _ in pairs], dtype=np.int64)
    return start, start + np.array([b for _, b in pairs], dtype=np.int64)


@given(ours=spans, others=spans)
def test_meeting_intervals_are_those_that_share_a_point(ours, others):
    found = meets(*columns(ours), *columns(others))
    assert found.tolist() == meets_oracle(*columns(ours), *columns(others))


@given(
    pairs=spans.filter(len),
    before_ns=st.integers(0, 9),
    after_ns=st.integers(0, 9),
    data=st.data(),
)
def test_purge_keeps_exactly_what_the_definition_keeps(
    pairs, before_ns, after_ns, data
):
    times = columns(pairs)
    rows = st.lists(st.integers(0, len(pairs) - 1), unique=True)
    train, test = data.draw(rows), data.draw(rows)
    gaps = {"before_ns": before_ns, "after_ns": after_ns}
    assert purge(*times, (train, test), **gaps).tolist() == purge_oracle(
        times, train, test, **gaps
    )


def test_purge_drops_every_label_that_ends_inside_the_test_fold():
    start = np.arange(100)
    train, test = next(HoldOut(test_share=0.2, min_rows=1).split(start, start + 10))
    assert test.tolist() == list(range(80, 100))
    assert train.tolist() == list(range(70))


def test_embargo_of_a_walk_forward_keeps_labels_away_from_the_test():
    start = np.arange(100)
    splitter = HoldOut(test_share=0.2, embargo_ns=5, min_rows=1)
    train, _ = next(splitter.split(start, start + 10))
    assert train.tolist() == list(range(65))


def test_embargo_of_combinatorial_folds_stands_after_the_test_beyond_the_purge():
    start = np.arange(40)
    splitter = CombinatorialPurged(groups=4, test_groups=1, embargo_ns=3, min_rows=1)
    train, test = list(splitter.split(start, start + 2))[1]
    assert test.tolist() == list(range(10, 20))
    assert train.tolist() == [*range(8), *range(25, 40)]


def test_k_fold_tests_each_row_once_and_trains_on_both_sides():
    start = np.arange(100)
    splits = list(
        PurgedKFold(folds=5, embargo_ns=3, min_rows=1).split(start, start + 2)
    )
    assert np.concatenate([test for _, test in splits]).tolist() == list(range(100))
    train, test = splits[2]
    assert test.tolist() == list(range(40, 60))
    assert train.tolist() == [*range(38), *range(65, 100)]


def test_k_fold_is_combinatorial_with_one_group_in_the_test():
    draw = np.random.default_rng(3)
    start = draw.integers(0, 5_000, 800)
    end = start + draw.integers(0, 90, 800)
    folds = PurgedKFold(folds=6, embargo_ns=7).split(start, end)
    choices = CombinatorialPurged(6, 1, embargo_ns=7).split(start, end)
    for ours, theirs in zip(folds, choices, strict=True):
        assert np.array_equal(ours[0], theirs[0])
        assert np.array_equal(ours[1], theirs[1])


def test_walk_forward_tests_each_later_row_once_in_order():
    start = np.arange(1_000)
    splits = list(PurgedWalkForward(folds=7).split(start, start))
    tested = np.concatenate([test for _, test in splits])
    assert tested.tolist() == list(range(300, 1_000))


def test_walk_forward_expands_unless_a_window_is_given():
    start = np.arange(1_000)
    grown = [t.size for t, _ in PurgedWalkForward(folds=3).split(start, start)]
    rolled = PurgedWalkForward(folds=3, window_ns=100).split(start, start)
    assert grown == sorted(grown)
    assert grown[0] < grown[-1]
    for train, test in rolled:
        assert train.size == 100
        assert train[-1] == test[0] - 1


def test_fold_column_is_minus_one_where_a_row_only_trains():
    start = np.arange(1_000)
    splits = list(PurgedWalkForward(folds=2).split(start, start + 5))
    fold = fold_of(1_000, splits)
    assert fold.dtype == np.int8
    assert fold.tolist() == [-1] * 300 + [0] * 350 + [1] * 350


def test_a_row_that_is_tested_twice_has_no_fold_number():
    start = np.arange(600)
    with pytest.raises(InputError, match="more than one fold"):
        fold_of(600, list(CombinatorialPurged().split(start, start)))


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (PurgedWalkForward, {"folds": 0}),
        (PurgedWalkForward, {"folds": 128}),
        (PurgedWalkForward, {"min_train_share": 0.0}),
        (PurgedWalkForward, {"embargo_ns": -1}),
        (PurgedWalkForward, {"window_ns": 0}),
        (HoldOut, {"test_share": 1.0}),
        (PurgedKFold, {"folds": 1}),
        (PurgedKFold, {"embargo_ns": -1}),
        (CombinatorialPurged, {"groups": 2, "test_groups": 2}),
        (CombinatorialPurged, {"groups": 20, "test_groups": 10}),
    ],
)
def test_impossible_splitters_are_refused_when_they_are_made(kind, arguments):
    with pytest.raises(InputError):
        kind(**arguments)
