"""Splitters outside of Tradeloop: scikit-learn takes them as they are."""

import copy

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    check_cv,
    cross_val_predict,
    cross_val_score,
)

from tradeloop.datasets import (
    CombinatorialPurged,
    HoldOut,
    PurgedKFold,
    PurgedWalkForward,
    TimedSplits,
)
from tradeloop.errors import InputError

N_ROWS = 240
START = np.arange(N_ROWS) * 10
END = START + 15
X = np.random.default_rng(0).normal(size=(N_ROWS, 2))
Y = X @ [1.0, 2.0]
SPANS = np.column_stack([START, END])
FORWARD = PurgedWalkForward(folds=3, min_rows=5)


def frame_with_times():
    return pd.DataFrame(X, columns=["a", "b"]).assign(decided=START, known=END)


def frame_with_index():
    index = pd.MultiIndex.from_arrays([START, END], names=["decided", "known"])
    return pd.DataFrame(X, columns=["a", "b"], index=index)


@pytest.mark.parametrize(
    "splitter",
    [FORWARD, HoldOut(), PurgedKFold(4), CombinatorialPurged(5, 2)],
    ids=lambda s: type(s).__name__,
)
def test_cross_validation_scores_every_fold(splitter):
    timed = TimedSplits(splitter, START, END)
    scores = cross_val_score(Ridge(1e-9), X, Y, cv=timed)
    assert timed.get_n_splits(X, Y, None) == timed.get_n_splits() == scores.size
    assert scores.size == splitter.count()
    assert np.allclose(scores, 1.0)


def test_scikit_learn_takes_it_as_a_splitter_and_hands_it_back():
    timed = TimedSplits(FORWARD, START, END)
    assert check_cv(timed) is timed
    assert copy.deepcopy(timed).get_n_splits() == 3


def test_a_grid_search_uses_the_folds_of_the_splitter():
    timed = TimedSplits(PurgedKFold(4), START, END)
    search = GridSearchCV(Ridge(), {"alpha": [1e-9, 1e6]}, cv=timed).fit(X, Y)
    assert search.n_splits_ == 4
    assert search.best_params_ == {"alpha": 1e-9}


def test_k_fold_predicts_every_row_out_of_sample():
    timed = TimedSplits(PurgedKFold(4), START, END)
    assert np.allclose(cross_val_predict(Ridge(1e-9), X, Y, cv=timed), Y)


def test_a_walk_forward_cannot_predict_every_row_and_scikit_learn_says_so():
    with pytest.raises(ValueError, match="partitions"):
        cross_val_predict(Ridge(), X, Y, cv=TimedSplits(FORWARD, START, END))


def test_times_that_travel_as_groups_serve_searches_within_folds():
    inner = GridSearchCV(
        Ridge(), {"alpha": [1e-9, 1e6]}, cv=TimedSplits(HoldOut(min_rows=5))
    )
    for train, test in TimedSplits(FORWARD).split(X, Y, SPANS):
        inner.fit(X[train], Y[train], groups=SPANS[train])
        assert np.allclose(inner.predict(X[test]), Y[test])


def test_times_in_the_index_are_no_features_and_serve_searches_within_folds():
    timed = TimedSplits(FORWARD, "decided", "known")
    inner = GridSearchCV(
        Ridge(),
        {"alpha": [1e-9]},
        cv=TimedSplits(HoldOut(min_rows=5), "decided", "known"),
    )
    scores = cross_val_score(inner, frame_with_index(), Y, cv=timed)
    assert np.allclose(scores, 1.0)


@pytest.mark.parametrize(
    "x",
    [
        frame_with_times(),
        frame_with_index(),
        pl.DataFrame({"decided": START, "known": END}),
        frame_with_times().assign(
            decided=lambda f: pd.to_datetime(f["decided"], utc=True),
            known=lambda f: pd.to_datetime(f["known"], utc=True),
        ),
        frame_with_times().assign(
            decided=lambda f: pd.to_datetime(f["decided"]).astype("datetime64[ns]")
        ),
        pl.DataFrame(
            {"decided": START, "known": END},
            schema=dict.fromkeys(("decided", "known"), pl.Datetime("ns", "UTC")),
        ),
    ],
)
def test_named_columns_and_levels_give_the_folds_that_arrays_give(x):
    plain = list(FORWARD.split(START, END))
    named = list(TimedSplits(FORWARD, "decided", "known").split(x))
    for ours, theirs in zip(plain, named, strict=True):
        assert np.array_equal(ours[0], theirs[0])
        assert np.array_equal(ours[1], theirs[1])


def test_rows_of_another_number_are_refused():
    timed = TimedSplits(HoldOut(), [1, 2, 3], [1, 2, 3])
    with pytest.raises(InputError, match="X has 2 rows"):
        timed.split(np.zeros((2, 1)))


def test_a_name_that_x_lacks_is_refused():
    with pytest.raises(InputError, match="'when'"):
        TimedSplits(HoldOut(), "when", "known").split(frame_with_times())
    with pytest.raises(InputError, match="neither a column"):
        TimedSplits(HoldOut(), "when", "known").split(X)


def test_splits_without_any_times_are_refused():
    with pytest.raises(InputError, match="groups of shape"):
        TimedSplits(HoldOut()).split(X)
    with pytest.raises(InputError, match="of one kind"):
        TimedSplits(HoldOut(), START)
    with pytest.raises(InputError, match="of one kind"):
        TimedSplits(HoldOut(), "decided", END)


def test_it_says_what_it_is():
    assert "PurgedKFold(folds=4" in repr(TimedSplits(PurgedKFold(4), "a", "b"))
    assert "groups" in repr(TimedSplits(HoldOut()))
    assert "arrays" in repr(TimedSplits(HoldOut(), START, END))
