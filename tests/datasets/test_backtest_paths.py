"""Combinatorial folds: test segments purged each by itself, predictions on paths."""

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeloop.datasets import CombinatorialPurged, stitch_paths
from tradeloop.errors import InputError

SHAPES = st.tuples(st.integers(2, 9), st.integers(1, 8)).filter(lambda s: s[1] < s[0])


def test_paths_of_six_groups_two_tested_are_those_of_the_book():
    """Lopez de Prado (2018), figure 12.1: 15 splits, 5 paths; folds counted from 0."""
    assert CombinatorialPurged(6, 2).count() == 15
    assert CombinatorialPurged(6, 2).paths().tolist() == [
        [0, 0, 1, 2, 3, 4],
        [1, 5, 5, 6, 7, 8],
        [2, 6, 9, 9, 10, 11],
        [3, 7, 10, 12, 12, 13],
        [4, 8, 11, 13, 14, 14],
    ]


@given(shape=SHAPES)
def test_every_tested_group_of_every_fold_lies_on_exactly_one_path(shape):
    groups, tested = shape
    splitter = CombinatorialPurged(groups, tested)
    paths = splitter.paths()
    assert paths.shape == (splitter.count() * tested // groups, groups)
    assert paths.shape[0] == comb(groups - 1, tested - 1)
    used = {(fold, group) for path in paths for group, fold in enumerate(path.tolist())}
    wanted = {
        (fold, group)
        for fold, chosen in enumerate(splitter.choices())
        for group in chosen
    }
    assert used == wanted
    assert paths.size == len(wanted)


def test_training_rows_between_two_test_segments_stay():
    start = np.arange(600)
    splitter = CombinatorialPurged(6, 2, embargo_ns=4)
    folds = dict(
        zip(splitter.choices(), splitter.split(start, start + 10), strict=True)
    )
    train, test = folds[(1, 4)]
    assert test.tolist() == [*range(100, 200), *range(400, 500)]
    # Labels reach 10 ahead; the last test label ends at 209 and 509, the embargo 4 on.
    assert train.tolist() == [*range(90), *range(214, 390), *range(514, 600)]


def test_neighbouring_test_segments_are_one():
    start = np.arange(600)
    splits = list(CombinatorialPurged(6, 2).split(start, start + 10))
    train, test = splits[CombinatorialPurged(6, 2).choices().index((2, 3))]
    assert test.tolist() == list(range(200, 400))
    assert train.tolist() == [*range(190), *range(410, 600)]


@given(shape=SHAPES, seed=st.integers(0, 99))
def test_each_path_predicts_each_row_once_by_the_fold_that_the_path_names(shape, seed):
    splitter = CombinatorialPurged(*shape, min_rows=1)
    start = np.random.default_rng(seed).permutation(90) // 2
    group = splitter.group_of(start)
    predictions = [
        np.full(np.isin(group, chosen).sum(), float(fold))
        for fold, chosen in enumerate(splitter.choices())
    ]
    stitched = stitch_paths(splitter, start, predictions)
    for path, folds in zip(stitched, splitter.paths(), strict=True):
        assert path.tolist() == [float(folds[g]) for g in group]


def test_predictions_go_to_their_own_rows_with_all_their_outputs():
    start = np.random.default_rng(5).permutation(120)
    splitter = CombinatorialPurged(4, 2, min_rows=1)
    splits = list(splitter.split(start, start))
    predictions = [np.column_stack([test, -test]) for _, test in splits]
    stitched = stitch_paths(splitter, start, predictions)
    assert stitched.shape == (3, 120, 2)
    for path in stitched:
        assert path[:, 0].tolist() == list(range(120))
        assert path[:, 1].tolist() == [-row for row in range(120)]


def test_missing_folds_and_rows_are_refused():
    start = np.arange(60)
    splitter = CombinatorialPurged(3, 1, min_rows=1)
    whole = [np.zeros(20)] * 3
    with pytest.raises(InputError, match="3 folds and 2 predictions"):
        stitch_paths(splitter, start, whole[:2])
    with pytest.raises(InputError, match="Fold 1 tests 20 rows"):
        stitch_paths(splitter, start, [whole[0], np.zeros(19), whole[2]])
