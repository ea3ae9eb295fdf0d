"""Laws of every kind of calibration, and the choice between them."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn.isotonic import IsotonicRegression

from tradeloop.errors import ArtefactError, InputError
from tradeloop.models.calibration import (
    KINDS,
    Calibration,
    fit_calibration,
    read_calibration,
)
from tradeloop.models.calibration_choice import choose_calibration
from tradeloop.models.calibrations import Isotonic, Platt, Shrunk
from tradeloop.models.calibrations.isotonic import pooled
from tradeloop.statistics import expected_calibration_error, log_loss

every_kind = pytest.mark.parametrize("kind", list(KINDS))
RATES = np.array([0.2, 0.5, 0.3])


def forecasts(seed, n_rows=300, *, skill=1.0, noise=1.0):
    """Probabilities whose logits are skill x truth + noise, with the directions."""
    draw = np.random.default_rng(seed)
    classes = draw.choice(3, n_rows, p=[0.3, 0.2, 0.5])
    logits = skill * np.eye(3)[classes] + noise * draw.normal(size=(n_rows, 3))
    raised = np.exp(logits)
    return raised / raised.sum(axis=1, keepdims=True), classes - 1


def known(seed, n_rows, bend):
    """Forecasts bent away from the truth, and directions drawn from the truth."""
    draw = np.random.default_rng(seed)
    truth = draw.dirichlet([2.0, 1.5, 2.0], n_rows)
    classes = (draw.random((n_rows, 1)) > truth.cumsum(axis=1)[:, :2]).sum(axis=1)
    bent = bend(truth)
    return bent / bent.sum(axis=1, keepdims=True), classes - 1, truth


@every_kind
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 9999), st.integers(1, 80), st.floats(-3, 3), st.floats(0, 6))
def test_probabilities_stay_probabilities_and_beat_the_base_rates_on_their_rows(
    kind, seed, n_rows, skill, noise
):
    raw, direction = forecasts(seed, n_rows, skill=skill, noise=noise)
    found = fit_calibration(raw, direction, base_rates=RATES, kind=kind)
    other = np.vstack([forecasts(seed + 1, 50, noise=4)[0], np.eye(3)])
    for rows in (raw, other):
        chances = found.apply(rows)
        assert (chances >= 0).all()
        assert kind != "isotonic" or (chances.min() > 0 and chances.max() < 1)
        assert np.abs(chances.sum(axis=1) - 1).max() < 1e-12
    base = np.tile(found.base_rates, (n_rows, 1))
    expected = log_loss(base, direction + 1)
    assert log_loss(found.apply(raw), direction + 1) <= expected + 1e-12


@every_kind
def test_a_weight_of_two_is_the_row_twice(kind):
    raw, direction = forecasts(4, 80)
    times = np.random.default_rng(5).integers(1, 4, 80)
    rows = (np.repeat(raw, times, axis=0), np.repeat(direction, times))
    repeated = fit_calibration(*rows, ridge=10, kind=kind)
    # Weights are scaled to the mean 1, so the ridge is scaled with them.
    ridge = 10 / times.mean()
    weighted = fit_calibration(raw, direction, times, ridge=ridge, kind=kind)
    other, _ = forecasts(6, 60)
    np.testing.assert_allclose(
        weighted.apply(other), repeated.apply(other), rtol=0, atol=1e-7
    )


@every_kind
def test_a_row_of_weight_zero_is_as_good_as_absent(kind):
    raw, direction = forecasts(4, 80)
    weight = np.r_[np.ones(60), np.zeros(20)]
    some = fit_calibration(raw[:60], direction[:60], base_rates=RATES, kind=kind)
    found = fit_calibration(raw, direction, weight, base_rates=RATES, kind=kind)
    np.testing.assert_allclose(found.apply(raw), some.apply(raw), atol=1e-9)


@every_kind
@pytest.mark.parametrize("seed", range(3))
def test_json_keeps_every_bit(kind, seed):
    found = fit_calibration(*forecasts(seed), kind=kind)
    again = read_calibration(found.to_json())
    assert again == found
    assert again.kind == kind
    other, _ = forecasts(9)
    assert again.apply(other).tobytes() == found.apply(other).tobytes()


@every_kind
@settings(max_examples=20, deadline=None)
@given(st.integers(0, 9999), st.floats(-1, 3))
def test_a_class_that_the_model_finds_likelier_never_gets_less_likely(
    kind, seed, skill
):
    found = fit_calibration(*forecasts(seed, 120, skill=skill), kind=kind)
    base, _ = forecasts(seed + 1, 1)
    for k in range(3):
        likelier = np.linspace(0.001, 0.999, 60)
        others = np.delete(base[0], k) / np.delete(base[0], k).sum()
        rows = np.insert((1 - likelier)[:, None] * others, k, likelier, axis=1)
        assert (np.diff(found.apply(rows)[:, k]) >= -1e-12).all()


@every_kind
def test_few_rows_stay_near_the_base_rates_and_none_of_skill_falls_back(kind):
    raw, direction = forecasts(1, 400, skill=2.0)

    def away(n_rows):
        rows = (raw[:n_rows], direction[:n_rows])
        found = fit_calibration(*rows, base_rates=RATES, kind=kind)
        return np.abs(found.apply(raw) - RATES).mean()

    assert away(1) < 0.1
    assert away(1) < away(400) / 3
    assert away(6) < away(400)
    raw, direction = forecasts(1, 4000, skill=0.0, noise=3.0)
    shares = np.bincount(direction + 1) / 4000
    found = fit_calibration(raw, direction, kind=kind).apply(raw)
    assert np.abs(found - shares).mean() < 0.03


@every_kind
def test_a_model_that_is_always_wrong_is_not_bet_against(kind):
    raw, direction = forecasts(2, skill=-3.0, noise=0.5)
    found = fit_calibration(raw, direction, kind=kind).apply(raw)
    assert np.ptp(found, axis=0).max() < 0.2


@every_kind
def test_boastful_forecasts_are_mended_out_of_sample(kind):
    raw, direction, truth = known(3, 12_000, lambda p: p**2.5)
    found = fit_calibration(raw[:6000], direction[:6000], kind=kind)
    calm, came = found.apply(raw[6000:]), direction[6000:] + 1
    assert expected_calibration_error(raw[6000:], came) > 0.1
    assert expected_calibration_error(calm, came) < 0.05
    assert log_loss(calm, came) < log_loss(raw[6000:], came)
    assert np.abs(calm - truth[6000:]).mean() < 0.06


@every_kind
def test_a_row_with_nan_stays_nan_and_no_row_stays_none(kind):
    raw, direction = forecasts(6, 50)
    found = fit_calibration(raw, direction, kind=kind)
    raw[3] = np.nan
    before = raw.copy()
    calibrated = found.apply(raw)
    assert np.isnan(calibrated[3]).all()
    assert np.isfinite(np.delete(calibrated, 3, axis=0)).all()
    assert np.array_equal(raw, before, equal_nan=True)
    assert found.apply(raw[:0]).shape == (0, 3)


def test_temperature_leaves_the_order_of_the_classes_about_the_base_rates():
    raw, direction = forecasts(8)
    found = fit_calibration(raw, direction, base_rates=[1, 1, 1], kind="temperature")
    order = np.argsort(found.apply(raw), axis=1)
    assert np.array_equal(order, np.argsort(raw, axis=1))


def test_temperature_is_the_shrunk_map_without_biases():
    raw, direction, _ = known(3, 20_000, lambda p: p**2.5)
    found = fit_calibration(raw, direction, base_rates=[1, 1, 1], kind="temperature")
    assert found.map.slope == pytest.approx(1 / 2.5, abs=0.02)
    assert np.ptp(found.map.bias) == pytest.approx(0, abs=1e-12)


def test_platt_is_the_minimum_that_a_general_minimiser_finds():
    raw, direction = forecasts(3, 200)
    rates, logit = np.array([0.3, 0.3, 0.4]), lambda p: np.log(p / (1 - p))
    found = fit_calibration(raw, direction, base_rates=rates, kind="platt").map
    for k in range(3):
        came = direction + 1 == k
        up, down = came.sum(), (~came).sum()
        target = np.where(came, (up + 1) / (up + 2), 1 / (down + 2))
        pull, prior = logit(raw[:, k]) - logit(rates[k]), logit(rates[k])

        def loss(at, target=target, pull=pull, prior=prior):
            p = 1 / (1 + np.exp(-(prior + at[0] * pull + at[1])))
            cross = -(target * np.log(p) + (1 - target) * np.log(1 - p)).sum()
            return cross + 5 * (at @ at)

        expected = minimize(loss, np.zeros(2), bounds=[(0, None), (None, None)]).x
        assert found.slope[k] == pytest.approx(expected[0], abs=1e-4)
        bias = (1 - expected[0]) * prior + expected[1]
        assert found.bias[k] == pytest.approx(bias, abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 9999), st.integers(1, 60))
def test_pooling_equals_the_isotonic_regression_of_scikit_learn(seed, places):
    draw = np.random.default_rng(seed)
    weights = draw.uniform(0.5, 3, places)
    means = draw.integers(0, 4, places) / 3
    expected = IsotonicRegression().fit_transform(
        np.arange(places), means, sample_weight=weights
    )
    np.testing.assert_allclose(pooled(means * weights, weights), expected, atol=1e-12)


def test_isotonic_with_next_to_no_prior_is_one_against_the_rest_by_scikit_learn():
    raw, direction = forecasts(5, 400)
    found = fit_calibration(raw, direction, ridge=1e-9, kind="isotonic").apply(raw)
    expected = np.column_stack(
        [
            IsotonicRegression().fit_transform(raw[:, k], direction + 1 == k)
            for k in range(3)
        ]
    )
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_isotonic_follows_a_bend_that_no_slope_can():
    raw, direction, _ = known(7, 20_000, lambda p: np.where(p > 0.4, p, 0.02))
    half = 10_000
    losses = {
        kind: log_loss(
            fit_calibration(raw[:half], direction[:half], kind=kind).apply(raw[half:]),
            direction[half:] + 1,
        )
        for kind in ("isotonic", "temperature")
    }
    assert losses["isotonic"] < losses["temperature"]


def test_json_without_a_kind_is_read_as_the_shrunk_one():
    new = json.loads(fit_calibration(*forecasts(1)).to_json())
    old = {name: new[name] for name in ("classes", "slope", "bias", "base_rates")}
    text = json.dumps({"format": "tradeloop-calibration-1", "rows": 300, **old})
    found = Calibration.from_json(text)
    assert found == read_calibration(json.dumps(new))
    assert found.kind == "shrunk"


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "magic"},
        {"kind": "platt"},
        {"kind": "isotonic", "curves": [[[0.1, 0.2]]]},
        {"kind": "isotonic", "curves": [[[0.1, 0.4], [0.2, 0.3]]] * 3},
        {"kind": "isotonic", "curves": [[[0.1, 0.0]]] * 3},
        {"kind": "isotonic", "curves": [[]] * 3},
        {"kind": "platt", "slope": [1, -1, 1], "bias": [0, 0, 0]},
        {"kind": ["platt"]},
    ],
)
def test_json_of_a_kind_that_cannot_be_is_refused(change):
    good = json.loads(fit_calibration(*forecasts(1)).to_json())
    with pytest.raises(ArtefactError, match="calibration"):
        read_calibration(json.dumps(good | change))


def test_an_unknown_kind_and_a_ridge_of_zero_are_refused():
    with pytest.raises(InputError, match="kind must be one of shrunk, temperature"):
        fit_calibration(*forecasts(1), kind="best")
    with pytest.raises(InputError, match="ridge must be finite and above 0"):
        fit_calibration(*forecasts(1), ridge=0)


def times(n_rows, span=5):
    decided = np.arange(n_rows, dtype=np.int64) * 10
    return decided, decided + span


def test_the_choice_is_the_kind_with_the_lowest_loss_on_purged_blocks():
    raw, direction, _ = known(7, 6000, lambda p: np.where(p > 0.4, p, 0.02))
    found = choose_calibration(raw, direction, *times(6000))
    assert set(found.losses) == {*KINDS, "raw", "base_rates"}
    assert found.kind == min(KINDS, key=found.losses.__getitem__) == "isotonic"
    assert found.losses["isotonic"] < found.losses["base_rates"]
    assert found.calibration == fit_calibration(raw, direction, kind="isotonic")
    assert json.loads(json.dumps(found.as_mapping()))["kind"] == "isotonic"


def test_the_losses_of_the_choice_are_those_of_plain_loops_over_blocks():
    raw, direction = forecasts(11, 500)
    found = choose_calibration(raw, direction, *times(500, 25), base_rates=RATES)
    forecast = np.full_like(raw, np.nan)
    decided, ended = times(500, 25)
    for test in np.array_split(np.arange(500), 5):
        first, last = decided[test].min(), ended[test].max()
        train = np.flatnonzero((ended < first) | (decided > last))
        fitted = fit_calibration(
            raw[train], direction[train], base_rates=RATES, kind="platt"
        )
        forecast[test] = fitted.apply(raw[test])
    assert found.losses["platt"] == pytest.approx(log_loss(forecast, direction + 1))


def test_rows_too_few_to_compare_take_the_first_kind_and_say_so():
    raw, direction = forecasts(12, 40)
    found = choose_calibration(raw, direction, *times(40), kinds=["platt", "shrunk"])
    assert (found.kind, found.rows, found.losses) == ("platt", 0, {})


def test_a_choice_from_nothing_is_refused():
    with pytest.raises(InputError, match="at least one kind"):
        choose_calibration(*forecasts(1), *times(300), kinds=[])


@pytest.mark.parametrize(
    "make",
    [
        lambda: Shrunk(-1.0, (0.0,) * 3),
        lambda: Platt((1.0,) * 3, (0.0, np.inf, 0.0)),
        lambda: Isotonic((((0.5, 0.5),),) * 2),
    ],
    ids=["shrunk", "platt", "isotonic"],
)
def test_parameters_that_cannot_be_are_refused(make):
    with pytest.raises(InputError, match="A calibration needs"):
        make()
