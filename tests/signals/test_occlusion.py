import numpy as np

from tradeloop.signals.occlusion import occluded, top_occluded


def test_each_row_is_the_forecast_without_one_column(vote, sequences):
    one = sequences.take([40])
    found = occluded(vote, one)
    assert np.array_equal(found[0], vote.vote(one).probabilities[0])
    for column in range(6):
        steps = one.gather()
        steps[..., column] = np.nan
        assert np.array_equal(found[column + 1], vote.vote(steps).probabilities[0])


def test_the_column_that_tells_the_direction_comes_first(scorer):
    row = np.array([3.0, 0, 0, 0, 0, 0])
    top = top_occluded(scorer, row, 1, count=2)
    assert top[0][0] == "a"
    assert top[0][1] > 0
    assert len(top) <= 2
    against = dict(top_occluded(scorer, row, -1, count=6))
    assert against["a"] == -dict(top_occluded(scorer, row, 1, count=6))["a"]


def test_a_column_that_says_nothing_is_left_out(scorer):
    row = np.full(6, np.nan)
    assert top_occluded(scorer, row, 1) == ()
