"""The share of the gap, and the simulated rows on which it is known."""

import json

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression

from tradeloop.errors import InputError
from tradeloop.models.gap import closed_gap
from tradeloop.simulation.forecastable import NAMES, STEPS, forecastable
from tradeloop.statistics import log_loss

ROWS = forecastable(times=2500, seed=3)
RATES = np.bincount(ROWS.direction + 1, minlength=3) / len(ROWS.direction)


def share(chances, rows=ROWS, **more):
    terms = {"block_rows": 2, "seed": 1, "repeats": 200} | more
    return closed_gap(chances, rows.probabilities, RATES, rows.direction, **terms)


def test_no_skill_closes_nothing_and_the_truth_everything():
    level = np.tile(RATES, (len(ROWS.direction), 1))
    assert share(level).share.value == pytest.approx(0, abs=1e-12)
    best = share(ROWS.probabilities)
    assert best.share.value == pytest.approx(1)
    assert best.realised_share.value == pytest.approx(1)
    assert best.model == best.best


def test_halfway_to_the_truth_closes_more_than_half_and_overshooting_loses():
    level = np.tile(RATES, (len(ROWS.direction), 1))
    half = share((ROWS.probabilities + level) / 2)
    assert 0.6 < half.share.value < 0.85
    loud = ROWS.probabilities**4
    assert share(loud / loud.sum(axis=1, keepdims=True)).share.value < 0


def test_the_losses_are_those_of_what_came_and_the_two_shares_agree():
    level = np.tile(RATES, (len(ROWS.direction), 1))
    half = (ROWS.probabilities + level) / 2
    found = share(half)
    classes = ROWS.direction + 1
    losses = [log_loss(each, classes) for each in (level, ROWS.probabilities, half)]
    shown = (found.no_skill.value, found.best.value, found.model.value)
    assert shown == pytest.approx(tuple(losses))
    expected = (losses[0] - losses[2]) / (losses[0] - losses[1])
    assert found.realised_share.value == pytest.approx(expected)
    assert found.realised_share.low < found.share.value < found.realised_share.high
    width = found.realised_share.high - found.realised_share.low
    assert found.share.high - found.share.low < width
    assert json.loads(json.dumps(found.as_mapping()))["rows"] == 20_000


def test_rows_that_were_not_tested_are_left_out():
    chances = ROWS.probabilities.copy()
    chances[:5000] = np.nan
    assert share(chances).rows == 15_000


def test_a_market_without_an_edge_and_wrong_shapes_are_refused():
    level = np.tile([0.4, 0.2, 0.4], (10, 1))
    for best in (level, level[:5]):
        with pytest.raises(InputError):
            closed_gap(
                level, best, [0.4, 0.2, 0.4], np.zeros(10, int), block_rows=1, seed=0
            )


def test_the_rows_are_the_same_for_the_same_seed_and_others_for_another():
    one, two, other = (forecastable(times=300, seed=seed) for seed in (1, 1, 2))
    for name in ("features", "direction", "probabilities", "returns_bps"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes()
        assert getattr(one, name).tobytes() != getattr(other, name).tobytes()


def test_directions_come_as_often_as_the_truth_says():
    rows = ROWS
    classes = rows.direction + 1
    for k in range(3):
        places = np.digitize(rows.probabilities[:, k], [0.15, 0.25, 0.35, 0.45, 0.55])
        for place in np.unique(places):
            held = places == place
            expected = rows.probabilities[held, k]
            spread = np.sqrt((expected * (1 - expected)).mean() / held.sum())
            found = (classes[held] == k).mean()
            assert found == pytest.approx(expected.mean(), abs=4.5 * spread + 1e-9)


def test_the_best_forecast_has_a_moderate_edge():
    moved = ROWS.direction != 0
    edge = ROWS.probabilities[:, 2] - ROWS.probabilities[:, 0]
    right = (np.sign(edge) == ROWS.direction)[moved].mean()
    assert 0.55 < right < 0.58
    none = forecastable(times=500, strength=0.0)
    edge = none.probabilities[:, 2] - none.probabilities[:, 0]
    assert np.abs(edge).max() < 1e-12


def test_the_truth_follows_from_the_features_of_the_last_rows_alone():
    # Two rows of one instrument whose last rows are alike have like chances: flow of
    # older rows, and every noise column, change nothing.
    rows = forecastable(times=400, instruments=1, seed=5)
    flow = rows.features[:, NAMES.index("flow")]
    mean = np.convolve(flow, np.ones(STEPS) / STEPS)[: len(flow)]
    by = {name: rows.features[:, k] for k, name in enumerate(NAMES)}
    quiet = 1 - by["is_trending"] - by["is_stressed"]
    far = np.sign(by["stretch"]) * np.maximum(np.abs(by["stretch"]) - 0.5, 0)
    edge = 0.32 * np.tanh(1.5 * by["momentum"]) * by["is_trending"]
    edge -= 0.32 * np.tanh(far) * quiet
    edge += np.where(by["thinness"] > 0, 0.16, 0.04) * np.tanh(by["imbalance"])
    edge += 0.10 * np.tanh(mean)
    sigma = 12 * np.exp(by["volatility"])
    up = norm.sf(3 / sigma - edge)
    down = norm.cdf(-3 / sigma - edge)
    expected = np.column_stack([down, 1 - down - up, up])[STEPS:]
    np.testing.assert_allclose(rows.probabilities[STEPS:], expected, atol=1e-12)


def test_a_straight_line_learns_some_of_it_and_far_from_all():
    cut = 14_000
    fitted = LogisticRegression(C=0.1).fit(
        ROWS.features[:cut], ROWS.direction[:cut] + 1
    )
    chances = np.full_like(ROWS.probabilities, np.nan)
    chances[cut:] = fitted.predict_proba(ROWS.features[cut:])
    found = share(chances)
    assert 0.15 < found.share.value < 0.75


def test_rows_are_in_time_order_marked_and_without_overlap():
    rows = forecastable(times=50, instruments=3)
    assert (np.diff(rows.decision_ns) >= 0).all()
    assert rows.features.shape == (150, len(NAMES))
    assert all(name.endswith(".SIM") for name in rows.symbols)
    later = rows.decision_ns[3:]
    assert (rows.end_ns[:-3] < later).all()
    assert set(np.unique(rows.regime)) <= {0, 1, 2}


@pytest.mark.parametrize(
    "terms", [{"times": 0}, {"instruments": 0}, {"seed": -1}, {"strength": -1.0}]
)
def test_rows_that_cannot_be_made_are_refused(terms):
    with pytest.raises(InputError, match="forecastable needs"):
        forecastable(**terms)
