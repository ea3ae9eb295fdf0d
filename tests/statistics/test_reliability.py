"""Calibration: bins, their edges, and the error over them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.statistics import calibration_error_oracle
from tradeloop.errors import InputError
from tradeloop.statistics import (
    adaptive_calibration_error,
    expected_calibration_error,
    reliability_curve,
)


def forecast(seed, rows, classes=3):
    generator = np.random.default_rng(seed)
    p = generator.dirichlet(np.ones(classes), rows)
    return p, generator.integers(0, classes, rows)


def calibrated(seed, rows):
    generator = np.random.default_rng(seed)
    p = generator.dirichlet(np.ones(3), rows)
    return p, (generator.random((rows, 1)) > p.cumsum(axis=1)[:, :2]).sum(axis=1)


@given(st.integers(0, 10_000), st.sampled_from([1, 2, 7, 10, 15]))
@settings(max_examples=60, deadline=None)
def test_the_error_equals_plain_loops_over_bins(seed, bins):
    p, y = forecast(seed, 120)
    found = expected_calibration_error(p, y, bins=bins)
    assert found == pytest.approx(calibration_error_oracle(p.tolist(), y, bins))


def test_a_confidence_on_an_edge_belongs_to_the_bin_below():
    p = [[0.5, 0.5], [0.75, 0.25], [1.0, 0.0]]
    curve = reliability_curve(p, [0, 0, 0], bins=4)
    assert curve.low.tolist() == [0.25, 0.5, 0.75]
    assert curve.high.tolist() == [0.5, 0.75, 1.0]
    assert curve.mean_confidence.tolist() == [0.5, 0.75, 1.0]
    assert curve.count.tolist() == [1, 1, 1]


def test_the_error_by_hand():
    p = [[0.9, 0.1]] * 10 + [[0.6, 0.4]] * 10
    y = [0] * 8 + [1] * 2 + [0] * 5 + [1] * 5
    assert expected_calibration_error(p, y) == pytest.approx(0.1)


@pytest.mark.parametrize(
    "error", [expected_calibration_error, adaptive_calibration_error]
)
def test_a_calibrated_forecast_has_a_small_error_and_a_boastful_one_a_large(error):
    p, y = calibrated(1, 20_000)
    assert error(p, y) < 0.015
    sharp = p**3 / (p**3).sum(axis=1, keepdims=True)
    assert error(sharp, y) > 0.1


@given(st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_no_curve_depends_on_the_order_of_the_rows(seed):
    p, y = forecast(seed, 90)
    p = np.round(p, 1)
    p /= p.sum(axis=1, keepdims=True)  # many equal confidences
    turn = np.random.default_rng(seed).permutation(90)
    for binning in ("width", "count"):
        one = reliability_curve(p, y, bins=5, binning=binning)
        other = reliability_curve(p[turn], y[turn], bins=5, binning=binning)
        assert one.count.tolist() == other.count.tolist()
        np.testing.assert_allclose(one.share_right, other.share_right)


def test_adaptive_bins_hold_about_equally_many_rows():
    p, y = forecast(2, 1000)
    curve = reliability_curve(p, y, bins=10, binning="count")
    assert curve.count.tolist() == [100] * 10


@given(st.integers(0, 1000), st.sampled_from(["width", "count"]))
@settings(max_examples=30, deadline=None)
def test_each_row_is_in_one_bin_and_the_bins_hold_their_means(seed, binning):
    p, y = forecast(seed, 70)
    curve = reliability_curve(p, y, bins=6, binning=binning)
    assert curve.count.sum() == 70
    assert (curve.low <= curve.mean_confidence + 1e-12).all()
    assert (curve.mean_confidence <= curve.high + 1e-12).all()
    total = (curve.count * curve.share_right).sum()
    assert total == pytest.approx((p.argmax(axis=1) == y).sum())


@pytest.mark.parametrize("terms", [{"bins": 0}, {"binning": "wide"}])
def test_bins_that_cannot_be_are_refused(terms):
    with pytest.raises(InputError):
        reliability_curve([[0.5, 0.5]], [0], **terms)
