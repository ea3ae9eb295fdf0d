import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.calibration import calibration_oracle, penalised_loss
from tradeloop.errors import ArtefactError, InputError
from tradeloop.models import Calibration, fit_calibration
from tradeloop.statistics import log_loss


def forecasts(seed, n_rows=300, *, skill=1.0, noise=1.0):
    """Probabilities whose logits are skill x truth + noise, with the classes."""
    draw = np.random.default_rng(seed)
    classes = draw.choice(3, n_rows, p=[0.3, 0.2, 0.5])
    logits = skill * np.eye(3)[classes] + noise * draw.normal(size=(n_rows, 3))
    raised = np.exp(logits)
    return raised / raised.sum(axis=1, keepdims=True), classes


def shares(classes):
    return np.bincount(classes, minlength=3) / len(classes)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("skill", "noise"), [(2.0, 1.0), (0.3, 2.0), (-1.0, 1.0)])
def test_the_fit_is_the_minimum_that_a_general_minimiser_finds(seed, skill, noise):
    raw, classes = forecasts(seed, skill=skill, noise=noise)
    rates = np.array([0.4, 0.2, 0.4])
    found = fit_calibration(raw, classes - 1, base_rates=rates, ridge=10)
    slope, bias = calibration_oracle(raw, classes, rates, 10)
    assert found.map.slope == pytest.approx(slope, abs=1e-4)
    assert found.map.bias == pytest.approx(list(bias), abs=1e-4)
    shift = np.array(found.map.bias) - (1 - found.map.slope) * np.log(rates)
    ours = penalised_loss(found.map.slope, shift, raw, classes, rates, 10)
    other = bias - (1 - slope) * np.log(rates)
    assert ours <= penalised_loss(slope, other, raw, classes, rates, 10) + 1e-9


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(1, 120),
    st.floats(-3, 3),
    st.floats(0, 6),
    st.booleans(),
)
def test_it_is_never_worse_than_the_base_rate_on_its_own_rows(
    seed, n_rows, skill, noise, own
):
    raw, classes = forecasts(seed, n_rows, skill=skill, noise=noise)
    rates = None if own else np.array([0.2, 0.5, 0.3])
    found = fit_calibration(raw, classes - 1, base_rates=rates)
    base = np.tile(found.base_rates, (n_rows, 1))
    assert log_loss(found.apply(raw), classes) <= log_loss(base, classes) + 1e-12
    if own and len(set(classes)) == 3:
        assert found.base_rates == pytest.approx(list(shares(classes)))


def test_a_confident_model_without_skill_falls_back_to_the_base_rates():
    raw, classes = forecasts(1, 4000, skill=0.0, noise=3.0)
    found = fit_calibration(raw, classes - 1)
    off = np.abs(found.apply(raw) - shares(classes))
    assert off.mean() < 0.02
    assert found.map.slope < 0.05


def test_a_model_that_is_always_wrong_gets_the_slope_zero():
    raw, classes = forecasts(2, skill=-2.0, noise=1.0)
    found = fit_calibration(raw, classes - 1)
    assert found.map.slope == 0.0
    assert np.ptp(found.apply(raw), axis=0).max() < 1e-12


def test_skill_and_temperature_are_recovered():
    draw = np.random.default_rng(3)
    n_rows = 40_000
    logits = draw.normal(size=(n_rows, 3))
    truth = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    classes = (draw.random((n_rows, 1)) > truth.cumsum(axis=1)).sum(axis=1)
    hot = truth**2.5 * [1.0, 2.0, 0.5]
    hot /= hot.sum(axis=1, keepdims=True)
    found = fit_calibration(hot, classes - 1)
    assert found.map.slope == pytest.approx(1 / 2.5, abs=0.02)
    assert np.abs(found.apply(hot) - truth).max() < 0.03


def test_weights_count_as_repeated_rows():
    raw, classes = forecasts(4, 60)
    times = np.random.default_rng(5).integers(1, 4, 60)
    repeated = fit_calibration(
        np.repeat(raw, times, axis=0), np.repeat(classes, times) - 1, ridge=10
    )
    # Weights are scaled to the mean 1, so the ridge is scaled with them.
    weighted = fit_calibration(raw, classes - 1, times, ridge=10 / times.mean())
    assert weighted.map.slope == pytest.approx(repeated.map.slope, abs=1e-6)
    assert weighted.map.bias == pytest.approx(repeated.map.bias, abs=1e-6)


def test_probabilities_of_zero_and_one_are_survived():
    raw = np.repeat(np.eye(3), 20, axis=0)
    classes = np.repeat([0, 1, 2], 20)
    classes[::7] = (classes[::7] + 1) % 3
    found = fit_calibration(raw, classes - 1).apply(raw)
    assert np.isfinite(found).all()
    assert np.abs(found.sum(axis=1) - 1).max() < 1e-12


def test_calibrating_keeps_nan_rows_nan_and_leaves_its_input_alone():
    raw, classes = forecasts(6, 50)
    found = fit_calibration(raw, classes - 1)
    raw[3] = np.nan
    before = raw.copy()
    calibrated = found.apply(raw)
    assert np.isnan(calibrated[3]).all()
    assert np.isfinite(np.delete(calibrated, 3, axis=0)).all()
    assert np.array_equal(raw, before, equal_nan=True)
    assert found.apply(raw[:0]).shape == (0, 3)


def test_json_keeps_every_bit():
    found = fit_calibration(*_minus_one(forecasts(7)))
    assert Calibration.from_json(found.to_json()) == found


def _minus_one(pair):
    return pair[0], pair[1] - 1


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[]",
        "{}",
        '{"format": "tradeloop-calibration-9", "classes": [-1, 0, 1]}',
    ],
)
def test_foreign_json_is_refused(text):
    with pytest.raises(ArtefactError, match="calibration"):
        Calibration.from_json(text)


@pytest.mark.parametrize(
    "change",
    [{"slope": -1}, {"slope": float("nan")}, {"bias": [0, 0]}, {"classes": [0, 1, 2]}],
)
def test_json_with_a_wrong_field_is_refused(change):
    good = json.loads(fit_calibration(*_minus_one(forecasts(7))).to_json())
    with pytest.raises(ArtefactError):
        Calibration.from_json(json.dumps(good | change))


@pytest.mark.parametrize(
    "raw",
    [np.ones((0, 3)), np.ones((5, 2)), np.full((5, 3), 2.0), np.full((5, 3), np.nan)],
)
def test_what_is_no_probability_is_refused(raw):
    with pytest.raises(InputError, match="probabilities from 0 to 1"):
        fit_calibration(raw, np.zeros(len(raw), int))


@pytest.mark.parametrize("rates", [[0.5, 0.5], [0.0, 0.5, 0.5], [np.nan, 0.5, 0.5]])
def test_impossible_base_rates_are_refused(rates):
    with pytest.raises(InputError, match="Base rates"):
        fit_calibration(np.full((5, 3), 1 / 3), np.zeros(5, int), base_rates=rates)
