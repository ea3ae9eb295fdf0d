"""Areas and rank correlations under weights, and date by date, by scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import matthews_corrcoef, roc_auc_score

from tradeloop.errors import InputError
from tradeloop.statistics.cross_section import dated_correlations
from tradeloop.statistics.forecast import matthews_correlation
from tradeloop.statistics.ordering import (
    AreaUnderCurve,
    RankCorrelation,
    rank_correlation,
    roc_auc,
)
from tradeloop.statistics.reliability import classwise_calibration_error


def rows(seed, n_rows=80, *, digits=None):
    draw = np.random.default_rng(seed)
    scores = draw.normal(size=n_rows)
    came = scores + draw.normal(size=n_rows) * 2 > 0
    came[:2] = [True, False]
    return scores if digits is None else scores.round(digits), came, draw


@given(st.integers(0, 9999), st.sampled_from([None, 0, 1]))
@settings(max_examples=40, deadline=None)
def test_the_area_is_that_of_scikit_learn(seed, digits):
    scores, came, _ = rows(seed, digits=digits)
    assert roc_auc(scores, came) == pytest.approx(roc_auc_score(came, scores))


@given(st.integers(0, 9999), st.sampled_from([None, 0]))
@settings(max_examples=40, deadline=None)
def test_a_weight_is_as_many_rows(seed, digits):
    scores, came, draw = rows(seed, digits=digits)
    other = (scores + draw.normal(size=80)).round(3 if digits is None else digits)
    times = draw.integers(0, 4, 80)
    times[:2] = 1
    curve, weights = AreaUnderCurve.of(scores, came), times[None].astype(float)
    many = [np.repeat(each, times) for each in (scores, came, other)]
    assert curve(weights)[0] == pytest.approx(roc_auc(many[0], many[1]))
    means = weights @ curve.columns(80) / 80
    assert curve.of_means(means)[0] == pytest.approx(curve(weights)[0])
    found = RankCorrelation.of(scores, other)(weights)[0]
    assert found == pytest.approx(spearmanr(many[0], many[2]).statistic)


def test_an_area_among_some_rows_is_that_of_those_rows():
    scores, came, draw = rows(3)
    among = draw.random(80) < 0.6
    among[:2] = True
    found = AreaUnderCurve.of(scores, came, among)
    expected = roc_auc(scores[among], came[among])
    assert found(np.ones((1, 80)))[0] == pytest.approx(expected)
    means = np.ones((1, 80)) @ found.columns(80) / 80
    assert found.of_means(means)[0] == pytest.approx(expected)


def test_equal_scores_know_nothing():
    assert roc_auc(np.ones(6), [1, 0, 1, 0, 0, 1]) == 0.5
    assert np.isnan(rank_correlation(np.ones(5), np.arange(5)))


def test_a_resample_of_one_class_has_no_area():
    curve = AreaUnderCurve.of(np.arange(3.0), np.array([True, False, False]))
    weights = np.array([[3.0, 0, 0], [0, 1, 2]])
    assert np.isnan(curve(weights)).all()
    assert np.isnan(curve.of_means(weights @ curve.columns(3) / 3)).all()


@given(st.integers(0, 9999), st.sampled_from([None, 0]))
@settings(max_examples=30, deadline=None)
def test_the_rank_correlation_is_that_of_scipy(seed, digits):
    scores, _, draw = rows(seed, digits=digits)
    other = scores + draw.normal(size=80)
    expected = spearmanr(scores, other).statistic
    assert rank_correlation(scores, other) == pytest.approx(expected)


@given(st.integers(0, 9999), st.integers(2, 4))
@settings(max_examples=40, deadline=None)
def test_the_matthews_correlation_is_that_of_scikit_learn(seed, classes):
    draw = np.random.default_rng(seed)
    came = draw.integers(0, classes, 50)
    picked = np.where(draw.random(50) < 0.4, came, draw.integers(0, classes, 50))
    found = matthews_correlation(picked, came)
    assert found == pytest.approx(matthews_corrcoef(came, picked), abs=1e-12)


def test_naming_one_class_only_has_no_matthews_correlation():
    assert matthews_correlation(np.zeros(9), np.arange(9) % 3) == 0
    assert matthews_correlation([0, 1, 2], [0, 1, 2]) == 1


@pytest.mark.parametrize("bad", [([0.5], [0]), ([-1], [0]), ([0, 1], [0])])
def test_classes_that_cannot_be_are_refused(bad):
    with pytest.raises(InputError):
        matthews_correlation(*bad)


@pytest.mark.parametrize("digits", [None, 0])
def test_dated_correlations_are_those_of_scipy_date_by_date(digits):
    scores, _, draw = rows(5, 300, digits=digits)
    outcome, date = scores + draw.normal(size=300), draw.integers(0, 40, 300)
    found = dated_correlations(scores, outcome, date, least_rows=5)
    used = [d for d in range(40) if (date == d).sum() >= 5]
    assert found.date.tolist() == used
    assert found.left_out == len(np.unique(date)) - len(used)
    for at, day in enumerate(used):
        here = date == day
        assert found.rows[at] == here.sum()
        pairs = (scores[here], outcome[here])
        assert found.ic[at] == pytest.approx(pearsonr(*pairs).statistic)
        assert found.rank_ic[at] == pytest.approx(spearmanr(*pairs).statistic)


def test_a_date_without_variation_is_left_out():
    found = dated_correlations(
        [0.1] * 5 + [1, 2, 3, 4, 5], np.arange(10), [1] * 5 + [2] * 5
    )
    assert found.date.tolist() == [2]
    assert found.left_out == 1
    assert found.ic == pytest.approx([1.0])


@pytest.mark.parametrize(
    "call",
    [
        lambda: roc_auc([1.0, 2.0], [True, True]),
        lambda: roc_auc([1.0, np.nan], [True, False]),
        lambda: roc_auc([1.0, 2.0, 3.0], [True, False]),
        lambda: rank_correlation([1.0, 2.0], [1.0, 2.0, 3.0]),
        lambda: dated_correlations([1.0], [1.0, 2.0], [1, 1]),
    ],
    ids=["one class", "nan", "lengths", "pairs", "dates"],
)
def test_rows_that_cannot_be_ordered_are_refused(call):
    with pytest.raises(InputError):
        call()


@given(st.integers(0, 9999))
@settings(max_examples=30, deadline=None)
def test_the_classwise_error_is_plain_loops_over_classes_and_bins(seed):
    draw = np.random.default_rng(seed)
    chances, came = draw.dirichlet(np.ones(3), 70), draw.integers(0, 3, 70)
    total = 0.0
    for k in range(3):
        places = np.maximum(np.ceil(chances[:, k] * 10).astype(int), 1)
        for place in range(1, 11):
            held = places == place
            if held.any():
                off = (came[held] == k).mean() - chances[held, k].mean()
                total += held.sum() / 70 * abs(off)
    found = classwise_calibration_error(chances, came)
    assert found == pytest.approx(total / 3)
